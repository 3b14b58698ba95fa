"""Learning rates that fall at the end of a training."""

import math
import time

import keras

from facegen_keras.gan.optimizers import has_schedule, rate_of

LEAST = 0.1  # the share of the learning rates that is left at the end


class Cooldown(keras.callbacks.Callback):
    """Let both learning rates fall to a tenth, along half a cosine, in the last part of a training.

    With high learning rates both networks go on swaying around what they could reach. A training that is to go on may
    cool down more than once: each time it begins with the full learning rates, and ends with low ones.

    Args:
        share: of the training, from 0 (never) to 1 (from the start).
        minutes: how long `fit` may last, as for `TimeBudget`: the learning rates fall by the epochs or by the clock,
            whichever ends the training earlier. Several workers, whose clocks differ, go by the epochs alone.
        learning_rate: G's full one, for a GAN that was saved while it cooled down; by default G's own as `fit` begins.
            D's keeps its ratio to it.

    Logs `learning_rate`, G's, as Keras' `LearningRateScheduler` does.

    Raises:
        ValueError: the share or the minutes are out of range; or, from `fit`, a learning rate is a schedule already.

    Source: Hägele et al., Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations, 2024.
    """

    def __init__(self, share, minutes=None, learning_rate=None):
        super().__init__()
        self.share = check_cooldown(share)
        if minutes is not None and not minutes > 0:
            raise ValueError(f"Cooldown(minutes={minutes}): expected a number over 0, or None.")
        self.seconds, self.learning_rate = None if minutes is None else 60 * minutes, learning_rate

    def on_train_begin(self, logs=None):
        optimizers = [self.model.d_optimizer, self.model.g_optimizer]
        if any(map(has_schedule, optimizers)):
            if self.share:
                raise ValueError(
                    f"cooldown={self.share}: a learning rate follows a schedule of its own. Pass cooldown=0."
                )
            return
        if self.learning_rate is not None:
            self.model.optimizer.learning_rate = self.learning_rate
        self.full = {optimizer: rate_of(optimizer) for optimizer in optimizers}
        self.now, self.left = dict(self.full), 1.0
        has_one_clock = self.model.distribute_strategy.cluster_resolver is None
        self.start = time.monotonic() if self.seconds and has_one_clock else None

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if not self.share:
            return
        done = (self.epoch + batch / (self.params.get("steps") or math.inf)) / self.params["epochs"]
        if self.start is not None:
            done = max(done, (time.monotonic() - self.start) / self.seconds)
        before, self.left = self.left, self._left(min(done, 1))
        if self.left != before:
            for optimizer, rate in self.now.items():
                if (found := rate_of(optimizer)) != rate:  # others lowered it, as NaNGuard does
                    self.full[optimizer] *= found / rate
                optimizer.learning_rate = self.left * self.full[optimizer]
                self.now[optimizer] = rate_of(optimizer)

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = rate_of(self.model.g_optimizer)

    def _left(self, done):
        """The share of the learning rates that is left when so much of the training is done."""
        fallen = max(done - (1 - self.share), 0) / self.share
        return LEAST + (1 - LEAST) * (1 + math.cos(math.pi * fallen)) / 2


def check_cooldown(share):
    """Return a share of a training; ValueError if it is none from 0 to 1."""
    if not 0 <= share <= 1:
        raise ValueError(f"cooldown={share}: expected the share of a training, from 0 to 1, such as 1/3.")
    return share
