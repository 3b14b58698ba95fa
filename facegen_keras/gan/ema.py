"""The exponential moving average (EMA) of a generator's weights."""

import keras
import tensorflow as tf

from facegen_keras.gan.configured import Configured


@keras.saving.register_keras_serializable("facegen_keras")
class HalfLife(Configured):
    """The decay of an EMA by the images after which a weight counts half: the same for every batch size.

    Args:
        images: the half-life, in real images, over 0.
        ramp_up: share, over 0, of the images seen so far, which the half-life never exceeds: it grows with the training
            until it reaches `images` (StyleGAN2-ADA: 0.05); None for a half-life that is the same from the start. A
            decay that is a number grows, too, as by a `ramp_up` of about 0.08.

    Raises:
        ValueError: a number is not over 0.
    """

    def __init__(self, images, ramp_up=0.05):
        if not images > 0 or ramp_up is not None and not ramp_up > 0:
            raise ValueError(f"HalfLife(images={images}, ramp_up={ramp_up}): expected numbers over 0.")
        self.images, self.ramp_up = images, ramp_up

    def __call__(self, step, batch):
        """The decay of a step, a float32 scalar, from the steps done before it and the real images of each."""
        batch = tf.cast(batch, tf.float32)
        half_life = tf.cast(self.images, tf.float32)
        if self.ramp_up is not None:
            half_life = tf.minimum(half_life, self.ramp_up * batch * (tf.cast(step, tf.float32) + 1))
        return 0.5 ** (batch / half_life)


def check_ema_decay(decay):
    """ValueError unless a decay of weights is in [0, 1), or a `HalfLife`."""
    if not isinstance(decay, HalfLife) and not 0 <= decay < 1:
        raise ValueError(f"ema_decay={decay}: expected a decay from 0 (off) to under 1, such as 0.999, or a HalfLife.")


def frozen_copy(model):
    """A copy of a Keras model, with its weights, that does not train."""
    copy = keras.models.clone_model(model)
    for variable, original in zip(copy.variables, model.variables):
        variable.assign(original)
    copy.trainable = False
    return copy


def update_ema(average_model, model, decay, step, batch):
    """Move the weights of `average_model` towards those of `model`.

    Args:
        average_model, model: Keras models of the same weights.
        decay: in [0, 1), and the first steps average fewer; or a `HalfLife`.
        step: int64 scalar tensor, steps done so far.
        batch: scalar, real images in a step, of all replicas.
    """
    strategy = tf.distribute.get_strategy()
    if isinstance(decay, HalfLife):
        decay = decay(step, batch)
    else:
        step = tf.cast(step, tf.float32)
        decay = tf.minimum(decay, (1 + step) / (10 + step))

    def move(average, variable):
        return average.assign(decay * average + (1 - decay) * variable)

    for average, variable in zip(average_model.variables, model.variables):
        if keras.backend.is_float_dtype(variable.dtype):  # dropout's random states are counters
            # On every device by itself, where there are several:
            strategy.extended.update(average.value, move, args=(variable.value,), group=False)
