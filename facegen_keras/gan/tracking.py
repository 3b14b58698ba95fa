"""What is logged of a training, and how far it has come."""

import math

import keras
import tensorflow as tf

from facegen_keras.gan.distribution import Together, is_chief
from facegen_keras.gan.state import broken_losses


class LastMean(keras.metrics.Metric):
    """A mean that keeps its last value while nothing is measured, as a resting D measures nothing; NaN at first.

    It is updated with means over all replicas, so its variables are the same on each, unlike those of Keras' metrics.
    """

    def __init__(self, name):
        super().__init__(name=name)
        self.total, self.count, self.last = (
            keras.Variable(value, dtype="float32", trainable=False, name=part)
            for part, value in (("total", 0.0), ("count", 0.0), ("last", float("nan")))
        )

    def update_state(self, value, weight=1.0):
        self.total.assign_add(weight * value)
        self.count.assign_add(weight)

    def result(self):
        return tf.where(self.count > 0, tf.math.divide_no_nan(self.total.value, self.count.value), self.last.value)

    def reset_state(self):
        self.last.assign(self.result())
        self.total.assign(0.0)
        self.count.assign(0.0)


class Position(keras.callbacks.Callback):
    """Keeps which epoch and batch a training has reached, in the GAN; an epoch that was interrupted goes on.

    Its first batches, which were trained on before, are read again and left out (see `leaving_out`). Where it has no
    longer so many, as batches are larger now, it begins anew.

    Args:
        next_epoch: the `NextEpoch` of the faces; None where they have none, and each iterator is the next epoch.
    """

    def __init__(self, next_epoch=None):
        super().__init__()
        self.next_epoch = next_epoch

    def on_epoch_begin(self, epoch, logs=None):
        gan = self.model
        steps = (self.params or {}).get("steps") or math.inf  # a CallbackList of the caller's tells none
        is_shorter = int(gan.batches_done.numpy()) > steps
        if is_shorter or epoch != int(gan.epochs_done.numpy()):  # it is not the epoch that was interrupted
            gan.epochs_done.assign(epoch)
            gan.batches_done.assign(0)
            gan.reset_metrics()
        self.batches_done = gan.batches_to_leave_out = int(gan.batches_done.numpy())
        if self.next_epoch is not None:
            self.next_epoch.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        at_once = self.model.steps_per_execution
        done = (batch // at_once + 1) * at_once  # the batch that Keras names is the first or the last of them
        if done > self.batches_done:
            self.batches_done = done
            self.model.batches_done.assign(done)

    def on_epoch_end(self, epoch, logs=None):
        self.model.epochs_done.assign(epoch + 1)
        self.model.batches_done.assign(0)


def leaving_out(train_function, gan):
    """Keras' train function, which first reads `gan.batches_to_leave_out` batches without training on them."""

    def train(iterator):
        if not gan.batches_to_leave_out:
            return train_function(iterator)
        for _ in range(min(gan.steps_per_execution, gan.batches_to_leave_out)):
            next(iterator)
            gan.batches_to_leave_out -= 1
        return gan.get_metrics_result()

    return train


class BrokenLoss(keras.callbacks.Callback):
    """Shows Keras' `TerminateOnNaN`, which looks at a log `loss`, that a loss of D or G is NaN or infinite."""

    def on_train_batch_end(self, batch, logs=None):
        if broken_losses(self.model):
            logs["loss"] = float("nan")


def with_own(callbacks, model, next_epoch):
    """Put our own callbacks around what Keras' `fit` accepts: a list, a single one, a CallbackList or None."""
    is_list = isinstance(callbacks, keras.callbacks.CallbackList)
    given = callbacks.callbacks if is_list else callbacks or []
    given = [given] if isinstance(given, keras.callbacks.Callback) else list(given)
    stops = any(isinstance(callback, keras.callbacks.TerminateOnNaN) for callback in given)
    own = [Position(next_epoch), *([BrokenLoss()] if stops else [])]
    strategy = model.distribute_strategy
    if not is_chief(strategy):
        given = [callback for callback in given if not getattr(callback, "only_chief", False)]
    last = [Together()] if strategy.num_replicas_in_sync > 1 else []
    if not is_list:
        return own + given + last
    for callback in own + last:
        callback.set_model(model)
    callbacks.callbacks[:] = own + given + last
    return callbacks
