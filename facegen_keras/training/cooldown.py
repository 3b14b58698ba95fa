"""Learning rates that fall at the end of a training."""

import math
import time

import keras
import numpy as np

from facegen_keras.gan.distribution import mean_of_workers
from facegen_keras.gan.optimizers import has_schedule, rate_of

LEAST = 0.1  # the share of the learning rates that is left at the end


class Cooldown(keras.callbacks.Callback):
    """Let both learning rates fall to a tenth, along half a cosine, in the last part of a training.

    With high learning rates both networks go on swaying around what they could reach. The full learning rates are kept
    in the GAN: a training that goes on has those of its place among all epochs, so one that is made longer begins anew
    with higher ones. What others multiply a learning rate by (`NaNGuard`, `ReduceLROnPlateau`) stays in it; callbacks
    that set it, such as Keras' `LearningRateScheduler`, take the place of a cooldown.

    Args:
        share: of the training, from 0 (never) to 1 (from the start).
        minutes: how long `fit` may last, as for `TimeBudget`: the learning rates fall by the epochs or by the clock,
            whichever ends the training earlier.
        spent: how many of these minutes are over as `fit` begins.

    Logs `learning_rate`, G's, as Keras' `LearningRateScheduler` does.

    Raises:
        ValueError: the share or the minutes are out of range; or, from `fit`, a learning rate is a schedule already.

    Source: Hägele et al., Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations, 2024.
    """

    def __init__(self, share, minutes=None, spent=0.0):
        super().__init__()
        self.share = check_cooldown(share)
        if minutes is not None and not minutes > 0:
            raise ValueError(f"minutes={minutes}: expected a number over 0, or None.")
        self.seconds, self.spent = math.inf if minutes is None else 60 * minutes, 60 * spent

    def on_train_begin(self, logs=None):
        self.optimizers = [self.model.d_optimizer, self.model.g_optimizer]
        if any(map(has_schedule, self.optimizers)):
            if self.share:
                raise ValueError(
                    f"cooldown={self.share}: a learning rate follows a schedule of its own. Pass cooldown=0."
                )
            self.optimizers = []
        self.left, *self.full = map(float, self.model.cooldown_state.numpy())
        if not self._are_as_left():
            self.left, self.full = 1.0, list(map(rate_of, self.optimizers))
        self.start = time.monotonic() - self.spent

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        done = (self.epoch + batch / (self.params.get("steps") or math.inf)) / self.params["epochs"]
        done = max(done, (time.monotonic() - self.start) / self.seconds)
        if self.seconds < math.inf:
            done = mean_of_workers(self.model.distribute_strategy, done)
        left = float(np.float32(self._left(min(done, 1))))
        if left == self.left or not self.optimizers:
            return
        if not self._are_as_left():
            found = zip(map(rate_of, self.optimizers), self.full)
            self.full = [rate / self.left if rate else full for rate, full in found]
        for optimizer, full in zip(self.optimizers, self.full):
            optimizer.learning_rate = left * full
        self.left = left
        self.model.cooldown_state.assign([left, *self.full])

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = rate_of(self.model.g_optimizer)

    def _are_as_left(self):
        """Whether nobody else has changed a learning rate since it was set here."""
        return all(rate_of(of) == np.float32(self.left * full) for of, full in zip(self.optimizers, self.full))

    def _left(self, done):
        """The share of the learning rates that is left when so much of the training is done."""
        fallen = max(done - (1 - self.share), 0) / self.share if self.share else 0
        return LEAST + (1 - LEAST) * (1 + math.cos(math.pi * fallen)) / 2


def check_cooldown(share):
    """Return a share of a training; ValueError if it is none from 0 to 1."""
    if not 0 <= share <= 1:
        raise ValueError(f"cooldown={share}: expected the share of a training, from 0 to 1, such as 1/3.")
    return share
