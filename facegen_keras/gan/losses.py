"""What discriminator and generator are trained to believe, as losses on logits."""

import keras
import tensorflow as tf
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

from facegen_keras.gan.configured import Configured
from facegen_keras.gan.replicas import draw_share, roll_batch


def flip(attributes):
    """Wrong attributes as FaceGen makes them: every bit of the picture's own attributes (b, n) inverted."""
    return 1.0 - attributes


def shuffle(attributes):
    """Wrong but plausible attributes (b, n): those of another picture of the batch (GAN-CLS, Reed et al. 2016)."""
    return roll_batch(attributes)


MISMATCHES = {"flip": flip, "shuffle": shuffle}
UNKNOWN = 0.5  # an attribute that D is not told: neither there nor absent, and of no weight in a projection


class GANLoss(Configured):
    """What all losses share.

    Args:
        mismatch: "flip" or "shuffle" (see the functions of these names) to show D real pictures with wrong attributes,
            too; None for no such term.
        weights: of D's terms: real, fake, mismatch.
        gamma: weight of the gradient penalties R1 and R2 (Mescheder et al. 2018; Roth et al. 2017): gamma / 2 times the
            mean squared norm of D's gradient with respect to the pixels, on real and on generated pictures; 0 for none.
            Or a schedule of `keras.optimizers.schedules`, which is called with the steps trained so far.
        attribute_dropout: share of the pictures, real and generated, of which D is told no attributes, so that it
            judges them by their looks alone; it is always told the wrong attributes of a mismatch.

    Raises:
        ValueError: an argument is none of these.
    """

    is_relativistic = False  # whether G's loss reads D's logits on real pictures, too
    joint_batch = False  # whether D sees real and fake pictures in one batch

    def __init__(self, mismatch=None, weights=(1, 1, 1), gamma=0.0, attribute_dropout=0.0):
        if mismatch is not None and mismatch not in MISMATCHES:
            raise ValueError(f"mismatch={mismatch!r}: expected one of {sorted(MISMATCHES)} or None.")
        if len(weights) != 3 or min(weights) < 0:
            raise ValueError(f"weights={weights}: expected three numbers, none negative: of real, fake and mismatch.")
        if not isinstance(gamma, LearningRateSchedule) and not gamma >= 0:
            raise ValueError(f"gamma={gamma}: expected a weight of 0 or more, or a schedule of Keras.")
        if not 0 <= attribute_dropout < 1:
            raise ValueError(f"attribute_dropout={attribute_dropout}: expected a share from 0 to under 1.")
        self.mismatch, self.weights, self.gamma = mismatch, tuple(weights), gamma
        self.attribute_dropout = attribute_dropout

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"gamma": keras.saving.deserialize_keras_object(config.get("gamma", 0.0))})

    def discriminator_loss(self, real, *fakes):
        """D's loss, a scalar, from logits (b, 1): of real pictures, then of each kind to be called fake."""
        raise NotImplementedError

    def generator_loss(self, fake, real=None):
        """G's loss, a scalar, from D's logits (b, 1) on G's pictures and, where it `is_relativistic`, on real ones."""
        raise NotImplementedError

    def wrong_attributes(self, attributes):
        """Attributes (b, n) that do not belong to the pictures that `attributes` belong to."""
        return MISMATCHES[self.mismatch](attributes)

    def gamma_at(self, step):
        """The weight of the penalties after so many training steps."""
        return self.gamma(step) if callable(self.gamma) else self.gamma

    def told_attributes(self, attributes, seed):
        """What D is told of pictures with attributes (b, n): these, or of some nothing, chosen by a seed."""
        if not self.attribute_dropout:
            return attributes
        told = draw_share(lambda count: tf.random.stateless_uniform((count, 1), seed), tf.shape(attributes)[0])
        return tf.where(told < self.attribute_dropout, UNKNOWN, attributes)

    def probability(self, logits):
        """D's probability that a picture is real, like `logits`."""
        return ops.sigmoid(logits)


@keras.saving.register_keras_serializable("facegen_keras")
class CrossEntropy(GANLoss):
    """The GAN loss of the published systems, with the terms and labels each of them chose.

    D's loss is `real + fake + mismatch`; the last is a real picture with wrong attributes, to be called fake. G's loss
    is the cross-entropy of D's verdict on its fakes with the label of real ones.

    Args:
        mismatch, weights, gamma, attribute_dropout: as for `GANLoss`.
        real_label: 1, or 0 where the source inverted the labels (face = 0, fake = 1).
        joint_batch: True to show D real and fake pictures in one batch of half each, and to average over it;
            False for a batch, and a term, of each kind.

    Raises:
        ValueError: an argument is none of these, or a joint batch has a mismatch.
    """

    def __init__(
        self, mismatch=None, real_label=1, joint_batch=False, weights=(1, 1, 1), gamma=0.0, attribute_dropout=0.0
    ):
        super().__init__(mismatch, weights, gamma, attribute_dropout)
        if real_label not in (0, 1):
            raise ValueError(f"real_label={real_label}: expected 1, or 0 for inverted labels.")
        if joint_batch and mismatch:
            raise ValueError(f"joint_batch=True has no place for mismatch={mismatch!r}: choose one of them.")
        self.real_label, self.joint_batch = real_label, joint_batch

    def discriminator_loss(self, real, *fakes):
        terms = [_cross_entropy(real, self.real_label)]
        terms += [_cross_entropy(logits, 1 - self.real_label) for logits in fakes]
        terms = [weight * term for weight, term in zip(self.weights, terms)]
        return sum(terms) / (len(terms) if self.joint_batch else 1)

    def generator_loss(self, fake, real=None):
        return _cross_entropy(fake, self.real_label)

    def probability(self, logits):
        return super().probability(logits if self.real_label else -logits)


@keras.saving.register_keras_serializable("facegen_keras")
class Relativistic(GANLoss):
    """R3GAN's loss (Huang et al. 2024): D only says which of two pictures is the more real.

    D's loss is softplus(fake - real), of a real and a generated picture at a time, and of a real picture with its own
    and with wrong attributes; G's is softplus(real - fake). It needs the gradient penalties to converge. As only
    differences of logits count, `d_real`, `d_fake`, `d_accuracy` and D's verdicts have no fixed middle, and no schedule
    can go by D's accuracy.

    Args:
        mismatch, weights, gamma, attribute_dropout: as for `GANLoss`; the weight of `real` is not used.
    """

    is_relativistic = True

    def __init__(self, mismatch=None, weights=(1, 1, 1), gamma=1.0, attribute_dropout=0.0):
        super().__init__(mismatch, weights, gamma, attribute_dropout)

    def discriminator_loss(self, real, *fakes):
        return sum(weight * _relativistic(logits, real) for weight, logits in zip(self.weights[1:], fakes))

    def generator_loss(self, fake, real=None):
        return _relativistic(real, fake)


def _cross_entropy(logits, label):
    return ops.mean(keras.losses.binary_crossentropy(ops.full_like(logits, label), logits, from_logits=True))


def _relativistic(lower, higher):
    """Mean softplus of `lower - higher`: logits (b, 1), one of the two maybe (k b, 1)."""
    count = tf.maximum(tf.shape(lower)[0], tf.shape(higher)[0])
    lower, higher = (tf.tile(logits, (count // tf.shape(logits)[0], 1)) for logits in (lower, higher))
    return tf.reduce_mean(tf.nn.softplus(lower - higher))


def gradient_penalty(gradients):
    """Mean squared norm of D's gradients with respect to its pictures: list of (b, H, W, 3), summed over the list."""
    return sum(tf.reduce_mean(tf.reduce_sum(tf.square(gradient), axis=(1, 2, 3))) for gradient in gradients)
