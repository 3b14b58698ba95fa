"""The exponential moving average (EMA) of a generator's weights."""

import keras
import tensorflow as tf


def check_ema_decay(decay):
    """ValueError unless a decay of weights is in [0, 1)."""
    if not 0 <= decay < 1:
        raise ValueError(f"ema_decay={decay}: expected a decay from 0 (off) to under 1, such as 0.999.")


def frozen_copy(model):
    """A copy of a Keras model, with its weights, that does not train."""
    copy = keras.models.clone_model(model)
    for variable, original in zip(copy.variables, model.variables):
        variable.assign(original)
    copy.trainable = False
    return copy


def update_ema(average_model, model, decay, step):
    """Move the weights of `average_model` towards those of `model`; the first steps average fewer.

    Args:
        average_model, model: Keras models of the same weights.
        decay: in [0, 1).
        step: int64 scalar tensor, steps done so far.
    """
    strategy, step = tf.distribute.get_strategy(), tf.cast(step, tf.float32)
    decay = tf.minimum(decay, (1 + step) / (10 + step))

    def move(average, variable):
        return average.assign(decay * average + (1 - decay) * variable)

    for average, variable in zip(average_model.variables, model.variables):
        if keras.backend.is_float_dtype(variable.dtype):  # dropout's random states are counters
            # On every device by itself, where there are several:
            strategy.extended.update(average.value, move, args=(variable.value,), group=False)
