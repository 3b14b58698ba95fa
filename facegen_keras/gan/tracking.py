"""What is logged of a training, and which epoch it is in."""

import keras
import tensorflow as tf

from facegen_keras.gan.state import broken_losses


class LastMean(keras.metrics.Mean):
    """A mean that keeps its last value while nothing is measured, as a resting D measures nothing; NaN at first."""

    def __init__(self, name):
        super().__init__(name=name)
        self.last = self.add_variable((), keras.initializers.Constant(float("nan")), name="last")

    def result(self):
        return tf.where(self.count > 0, tf.math.divide_no_nan(self.total, self.count), self.last)

    def reset_state(self):
        self.last.assign(self.result())
        self.total.assign(0.0)
        self.count.assign(0.0)


class EpochCounter(keras.callbacks.Callback):
    """Tells the training step, and a saved model, which epoch it is."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.epochs_done.assign(epoch)

    def on_epoch_end(self, epoch, logs=None):
        self.model.epochs_done.assign(epoch + 1)


class BrokenLoss(keras.callbacks.Callback):
    """Shows Keras' `TerminateOnNaN`, which looks at a log `loss`, that a loss of D or G is NaN or infinite."""

    def on_train_batch_end(self, batch, logs=None):
        if broken_losses(self.model):
            logs["loss"] = float("nan")


def with_own(callbacks, model):
    """Put our own callbacks before what Keras' `fit` accepts: a list, a single one, a CallbackList or None."""
    is_list = isinstance(callbacks, keras.callbacks.CallbackList)
    given = callbacks.callbacks if is_list else callbacks or []
    given = [given] if isinstance(given, keras.callbacks.Callback) else list(given)
    stops = any(isinstance(callback, keras.callbacks.TerminateOnNaN) for callback in given)
    own = [EpochCounter(), *([BrokenLoss()] if stops else [])]
    if not is_list:
        return own + given
    for callback in own:
        callback.set_model(model)
    callbacks.callbacks[:0] = own
    return callbacks
