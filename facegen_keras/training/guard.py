"""What saves a training whose losses or weights become NaN."""

import logging

import keras

from facegen_keras.checks import check_whole
from facegen_keras.gan.optimizers import has_schedule, scale_learning_rate
from facegen_keras.gan.state import broken_losses, broken_weights, check_finite, copy_state, restore_state

logger = logging.getLogger(__name__)


class NaNGuard(keras.callbacks.Callback):
    """Go back to the last good state when a loss or a weight becomes NaN or infinite, with lower learning rates.

    Put it before the other callbacks, so that none of them draws, measures or saves what it takes back. Losses are
    looked at after each batch, weights every few steps and at an epoch's end. The training then goes on with the next
    pictures; a callback that sets the learning rate itself, such as LearningRateScheduler, has the last word on it.

    Args:
        tries: how often it goes back. The next time it goes back too, ends the training and logs why.
        every: steps from one good state to the next. Each is a copy, in main memory, of all weights and optimisers.
        factor: what both learning rates are multiplied by.

    Raises:
        ValueError: an argument is out of range; or, from `fit`, the GAN is broken before it trains.
    """

    def __init__(self, tries=3, every=200, factor=0.5):
        super().__init__()
        self.tries, self.every = check_whole("tries", tries, 0), check_whole("every", every, 1)
        if not 0 < factor < 1:
            raise ValueError(f"factor={factor}: expected a number between 0 and 1.")
        self.factor = factor

    def on_train_begin(self, logs=None):
        check_finite(self.model)
        self.tries_left = self.tries

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        self._keep()

    def on_train_batch_end(self, batch, logs=None):
        if broken := broken_losses(self.model):
            self._go_back(broken)
        elif self._step() - self.kept_at >= self.every and not self._mend_weights():
            self._keep()

    def on_epoch_end(self, epoch, logs=None):
        self._mend_weights()

    def _step(self):
        return int(self.model.steps_done.numpy())

    def _keep(self):
        self.kept, self.kept_at = copy_state(self.model), self._step()

    def _mend_weights(self):
        """Go back if a weight is broken; returns whether one was."""
        broken = broken_weights(self.model)
        if broken:
            self._go_back(broken)
        return bool(broken)

    def _go_back(self, broken):
        found = f"Epoch {self.epoch + 1}, step {self._step()}: {', '.join(broken[:3])} became NaN or infinite"
        restore_state(self.kept)
        found += f"; back to step {self.kept_at}"
        if self.tries_left == 0:
            self.model.stop_training = True
            logger.error(
                "%s. The training ends, as %d tries with lower learning rates did not help: train again with far lower "
                "ones, with a larger gamma, or with dtype_policy='float32'.",
                found,
                self.tries,
            )
            return
        self.tries_left -= 1
        self._lower_learning_rates()
        logger.warning("%s, with learning rates times %g. %d tries are left.", found, self.factor, self.tries_left)

    def _lower_learning_rates(self):
        optimizers = (self.model.d_optimizer, self.model.g_optimizer)
        for optimizer in optimizers:
            scale_learning_rate(optimizer, self.factor)
        if any(map(has_schedule, optimizers)):
            self.model.make_train_function(force=True)  # schedules are compiled into it
