"""What happens to a training whose process is asked to end, by Ctrl-C or, as clusters do, by SIGTERM."""

import contextlib
import logging
import signal
import threading

import keras

from facegen_keras.gan.distribution import any_worker

logger = logging.getLogger(__name__)


class Interruption(keras.callbacks.Callback):
    """Save the GAN and end the training when the process is asked to end, once the step at hand is done.

    Put it after the callback that saves, and `fit` into `with interruption.heard():`. Asked a second time, the process
    ends at once. Only a program's main thread hears; in others nothing changes.

    Args:
        save: function without arguments that saves the GAN in the middle of an epoch.
    """

    def __init__(self, save):
        super().__init__()
        self.save, self.asked = save, None

    @contextlib.contextmanager
    def heard(self):
        """Listen to SIGINT (Ctrl-C) and SIGTERM for as long as the block runs."""
        before = {}
        if threading.current_thread() is threading.main_thread():
            before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def on_train_batch_end(self, batch, logs=None):
        if self._anyone_asked():
            self.save()
            self._end()

    def on_epoch_end(self, epoch, logs=None):
        if self._anyone_asked():
            self._end()

    def _anyone_asked(self):
        """Whether this process, or another worker's, was asked: all end after the same step."""
        return any_worker(self.model.distribute_strategy, self.asked)

    def _hear(self, number, frame):
        if self.asked:
            self._end()
        self.asked = number
        logger.warning("Asked to end: the training is saved after this step. Ask again to end at once.")

    def _end(self):
        if self.asked == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + (self.asked or signal.SIGTERM))  # as a process that a signal has ended
