"""What discriminator and generator are trained to believe: sigmoid cross-entropy on logits."""

import keras
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

    Raises:
        ValueError: `mismatch`, `real_label` or `weights` is none of these, or a joint batch has a mismatch.
    """

    def __init__(self, mismatch=None, real_label=1, joint_batch=False, weights=(1, 1, 1)):
        if mismatch is not None and mismatch not in MISMATCHES:
            raise ValueError(f"mismatch={mismatch!r}: expected one of {sorted(MISMATCHES)} or None.")
        if real_label not in (0, 1):
            raise ValueError(f"real_label={real_label}: expected 1, or 0 for inverted labels.")
        if joint_batch and mismatch:
            raise ValueError(f"joint_batch=True has no place for mismatch={mismatch!r}: choose one of them.")
        if len(weights) != 3 or min(weights) < 0:
            raise ValueError(f"weights={weights}: expected three numbers, none negative: of real, fake and mismatch.")
        self.mismatch = mismatch
        self.real_label = real_label
        self.joint_batch = joint_batch
        self.weights = tuple(weights)

    def get_config(self):
        return dict(vars(self))

    def __repr__(self):
        return f"CrossEntropy({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

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

    def generator_loss(self, fake):
        """G's loss, a scalar, from D's logits (b, 1) on G's pictures."""
        return self._cross_entropy(fake, self.real_label)

    def probability(self, logits):
        """D's belief that a picture is real: probabilities like `logits`, whichever way the labels are."""
        return ops.sigmoid(logits if self.real_label else -logits)

    @staticmethod
    def _cross_entropy(logits, label):
        return ops.mean(keras.losses.binary_crossentropy(ops.full_like(logits, label), logits, from_logits=True))
