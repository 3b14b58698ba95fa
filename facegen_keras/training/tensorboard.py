"""A training watched in TensorBoard: the logs and the sample grid of each epoch."""

import importlib.util
import math
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from facegen_keras.files import write_atomically


class TensorBoardLog(keras.callbacks.Callback):
    """Log every epoch for TensorBoard, each once: a resumed training goes on in the same log.

    Epochs that are trained again are taken out of the log first, and those that it lacks are added. Unlike Keras'
    TensorBoard it shows sample grids, and no graph.

    Args:
        folder: of the log; `tensorboard --logdir` may be given a folder above it.
        grids: the `SampleGrid` of this training; it comes before this callback.
        earlier: for a resumed training, the logs of the earlier epochs: dicts with their `epoch`, counted from 1.

    Raises:
        ImportError: TensorBoard is not installed.
    """

    only_chief = True

    def __init__(self, folder, grids, earlier=()):
        super().__init__()
        require_tensorboard()
        self.folder, self.grids, self.earlier = Path(folder), grids, earlier

    def on_train_begin(self, logs=None):
        logged = keep_epochs(self.folder, int(self.model.epochs_done.numpy()))
        self.without_grid = None  # an epoch that ended without one
        self.writer = tf.summary.create_file_writer(str(self.folder))
        for row in self.earlier:
            if row["epoch"] not in logged:
                self._log(**row)

    def on_epoch_end(self, epoch, logs=None):
        self._log(epoch + 1, **(logs or {}))

    def on_train_end(self, logs=None):
        if self.without_grid:  # `SampleGrid` draws the last epoch's now, where the training was stopped
            self._log(self.without_grid)
        self.writer.close()

    def _log(self, epoch, **logs):
        with self.writer.as_default(step=epoch):
            for name, value in logs.items():
                if not math.isnan(value):  # it was not measured in this epoch
                    tf.summary.scalar(name, value)
            grid = self.grids.file_of(epoch)
            self.without_grid = None if grid.exists() else epoch
            if grid.exists():
                tf.summary.image("samples", np.asarray(Image.open(grid).convert("RGB"))[None])
        self.writer.flush()


def require_tensorboard():
    """ImportError, with what to install, where there is no TensorBoard."""
    if importlib.util.find_spec("tensorboard") is None:
        raise ImportError("TensorBoard is not installed, and TensorFlow does not bring it: `pip install tensorboard`.")


def keep_epochs(folder, epochs):
    """Take all later epochs, and what is cut off, out of a log.

    Args:
        folder: of the log; it need not be there.
        epochs: the last one that stays.

    Returns:
        The epochs that the log has, a set.
    """
    logged = set()
    for file in sorted(Path(folder).glob("events.out.tfevents.*")):
        records, is_cut = _read(file)
        steps = [tf.compat.v1.Event.FromString(record).step for record in records]
        if is_cut or max(steps, default=0) > epochs:
            with write_atomically(file) as unfinished, tf.io.TFRecordWriter(str(unfinished)) as writer:
                for record, step in zip(records, steps):
                    if step <= epochs:
                        writer.write(record)
        logged.update(step for step in steps if 0 < step <= epochs)
    return logged


def _read(file):
    """The records of an event file, and whether it is cut off after them."""
    records = []
    try:
        for record in tf.data.TFRecordDataset(str(file)):
            records.append(record.numpy())
    except tf.errors.DataLossError:
        return records, True
    return records, False
