"""What is logged of a training, and which epoch it is in."""

import keras
import tensorflow as tf


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


def with_counter(callbacks, model):
    """Add an `EpochCounter` to what Keras' `fit` accepts as callbacks: a list, a single one, a CallbackList or None."""
    counter = EpochCounter()
    if isinstance(callbacks, keras.callbacks.CallbackList):
        counter.set_model(model)
        callbacks.callbacks.insert(0, counter)
        return callbacks
    return [counter, *([callbacks] if isinstance(callbacks, keras.callbacks.Callback) else callbacks or [])]
