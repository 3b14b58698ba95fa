"""What discriminator and generator are trained to believe, as losses on logits."""

import keras
import tensorflow as tf
from keras import ops

from facegen_keras.attributes import MISMATCHES


@keras.saving.register_keras_serializable("facegen_keras")
class CrossEntropy:
    """The GAN loss of the published systems, with the terms and labels each of them chose.

    D's loss is `real + fake + mismatch`, the last a real picture with wrong attributes, to be called fake; G's is
    the cross-entropy of D's verdict on its fakes with the label of real ones.

    Args:
        mismatch: "flip" or "shuffle" for wrong attributes (see `attributes`), None for no such term.
        real_label: 1, or 0 where the source inverted the labels (face = 0, fake = 1).
        joint_batch: True to show D real and fake pictures in one batch of half each, averaging over it;
            False for a batch, and a term, of each kind.
        weights: of D's terms: real, fake, mismatch.
        penalty: weight of the gradient penalties R1 and R2 (Mescheder et al. 2018; Roth et al. 2017): half of the mean
            squared length of D's gradient by the pixels, on real and on generated pictures; 0 for none.

    Raises:
        ValueError: an argument is none of these, or a joint batch has a mismatch.
    """

    compares = False  # whether G's loss needs D's logits on real pictures, too

    def __init__(self, mismatch=None, real_label=1, joint_batch=False, weights=(1, 1, 1), penalty=0.0):
        if mismatch is not None and mismatch not in MISMATCHES:
            raise ValueError(f"mismatch={mismatch!r}: expected one of {sorted(MISMATCHES)} or None.")
        if real_label not in (0, 1):
            raise ValueError(f"real_label={real_label}: expected 1, or 0 for inverted labels.")
        if joint_batch and mismatch:
            raise ValueError(f"joint_batch=True has no place for mismatch={mismatch!r}: choose one of them.")
        if len(weights) != 3 or min(weights) < 0:
            raise ValueError(f"weights={weights}: expected three numbers, none negative: of real, fake and mismatch.")
        if penalty < 0:
            raise ValueError(f"penalty={penalty}: expected a weight of 0 or more.")
        self.mismatch = mismatch
        self.real_label = real_label
        self.joint_batch = joint_batch
        self.weights = tuple(weights)
        self.penalty = penalty

    def get_config(self):
        return dict(vars(self))

    def __repr__(self):
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def wrong_attributes(self, attributes):
        """Attributes (b, n) that do not belong to the pictures `attributes` belong to."""
        return MISMATCHES[self.mismatch](attributes)

    def discriminator_loss(self, real, *fakes):
        """D's loss, a scalar, from logits (b, 1): of real pictures, then of each kind to be called fake."""
        terms = [self._cross_entropy(real, self.real_label)]
        terms += [self._cross_entropy(logits, 1 - self.real_label) for logits in fakes]
        terms = [weight * term for weight, term in zip(self.weights, terms)]
        return sum(terms) / (len(terms) if self.joint_batch else 1)

    def generator_loss(self, fake, real=None):
        """G's loss, a scalar, from D's logits (b, 1) on G's pictures and, where it `compares`, on real ones."""
        return self._cross_entropy(fake, self.real_label)

    def probability(self, logits):
        """D's belief that a picture is real: probabilities like `logits`, whichever way the labels are."""
        return ops.sigmoid(logits if self.real_label else -logits)

    @staticmethod
    def _cross_entropy(logits, label):
        return ops.mean(keras.losses.binary_crossentropy(ops.full_like(logits, label), logits, from_logits=True))


@keras.saving.register_keras_serializable("facegen_keras")
class Relativistic(CrossEntropy):
    """R3GAN's loss (Huang et al. 2024): D only says which of two pictures is the more real.

    D's loss is softplus(fake - real), of a real and a generated picture at a time, and of a real picture with its own
    and with wrong attributes; G's is softplus(real - fake). It needs the gradient penalties to converge. As only
    differences of logits count, `d_real`, `d_fake`, `d_accuracy` and D's verdicts have no fixed middle, and no schedule
    can go by its accuracy.

    Args:
        mismatch, weights, penalty: as for `CrossEntropy`; the weight of `real` is not used.
    """

    compares = True

    def __init__(self, mismatch=None, weights=(1, 1, 1), penalty=1.0):
        super().__init__(mismatch, weights=weights, penalty=penalty)

    def get_config(self):
        return {"mismatch": self.mismatch, "weights": self.weights, "penalty": self.penalty}

    def discriminator_loss(self, real, *fakes):
        return sum(weight * _less_real(logits, real) for weight, logits in zip(self.weights[1:], fakes))

    def generator_loss(self, fake, real=None):
        return _less_real(real, fake)


def _less_real(these, those):
    """Mean softplus of how much more real D calls `these` than `those`: logits (b, 1), some of them maybe (k b, 1)."""
    count = tf.maximum(tf.shape(these)[0], tf.shape(those)[0])
    these, those = (tf.tile(logits, (count // tf.shape(logits)[0], 1)) for logits in (these, those))
    return tf.reduce_mean(tf.nn.softplus(these - those))
