"""What happens while `fit` runs: sample grids, curves, checkpoints, and a limit on the time."""

import os
import time
from pathlib import Path

import keras
import pandas as pd

from facegen_keras.grids import curves, save_grid, verdict_titles
from facegen_keras.metrics import diversity
from facegen_keras.sampling import draw_with_verdicts


class SampleGrid(keras.callbacks.Callback):
    """Draw the same faces at an epoch's end, into `folder/<recipe>/epoch_050.png`.

    Latents and attributes are fixed, so that the grids of one training show the same faces grow.

    Args:
        folder: where the recipe's folder is made.
        count: faces in a grid.
        every: epochs from one grid to the next; the last epoch always has one.
        titles: True to write D's verdict in per cent under each face.
        attributes: as for `FaceGAN.sample`.
        seed: of the faces.
    """

    def __init__(self, folder, count=64, every=1, titles=False, attributes=None, seed=0):
        super().__init__()
        if every < 1:
            raise ValueError(f"SampleGrid(every={every}): expected at least 1.")
        self.folder = Path(folder)
        self.count, self.every, self.titles = count, every, titles
        self.attributes, self.seed = attributes, seed
        self.last = None

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.params.get("epochs"):
            self._draw(epoch + 1)

    def on_train_end(self, logs=None):
        if self.last != (epoch := int(self.model.epochs_done.numpy())):
            self._draw(epoch)  # stopped before its last epoch

    def _draw(self, epoch):
        pictures, verdicts = draw_with_verdicts(self.model, self.count, self.attributes, self.seed)
        titles = verdict_titles(verdicts) if self.titles else None
        save_grid(pictures, self.folder / self.model.recipe / f"epoch_{epoch:03d}.png", titles=titles)
        self.last = epoch


class SampleDiversity(keras.callbacks.Callback):
    """Log the `diversity` of fresh samples at each epoch's end, so that it stands in the history beside the losses.

    Args:
        count: samples to compare.
        seed: of the first epoch's latents; every epoch draws others.
    """

    def __init__(self, count=128, seed=0):
        super().__init__()
        self.count, self.seed = count, seed

    def on_epoch_end(self, epoch, logs=None):
        logs["diversity"] = diversity(self.model.sample(self.count, seed=self.seed + epoch))


class Curves(keras.callbacks.Callback):
    """Keep the logs of all epochs as `folder/history.csv`, and draw them as `folder/curves.png`.

    A GAN that goes on training goes on with its history: earlier epochs are read from the file.

    Args:
        folder: where the two files go.
    """

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)

    def on_train_begin(self, logs=None):
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "history.csv"
        earlier = pd.read_csv(file).to_dict("records") if file.exists() else []
        self.rows = [row for row in earlier if row["epoch"] <= int(self.model.epochs_done.numpy())]

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append({"epoch": epoch + 1} | (logs or {}))
        history = pd.DataFrame(self.rows)
        history.to_csv(self.folder / "history.csv", index=False)
        curves(history.drop(columns="epoch").to_dict("list")).savefig(self.folder / "curves.png", dpi=100)


class Checkpoint(keras.callbacks.Callback):
    """Save the whole GAN at each epoch's end, so that training can go on where it stopped.

    Unlike Keras' ModelCheckpoint it writes beside the file and then renames: an interruption never costs the last
    good checkpoint.

    Args:
        path: a `.keras` file.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)

    def on_epoch_end(self, epoch, logs=None):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_name(f"unfinished_{self.path.name}")
        self.model.save(unfinished)
        os.replace(unfinished, self.path)


class TimeBudget(keras.callbacks.Callback):
    """End the training after so many minutes, at a batch's end; the epoch that it cuts short counts as one.

    Args:
        minutes: of wall-clock time, over 0.
    """

    def __init__(self, minutes):
        super().__init__()
        if not minutes > 0:
            raise ValueError(f"TimeBudget(minutes={minutes}): expected a number over 0.")
        self.seconds = 60 * minutes

    def on_train_begin(self, logs=None):
        self.end = time.monotonic() + self.seconds

    def on_train_batch_end(self, batch, logs=None):
        if time.monotonic() > self.end:
            self.model.stop_training = True
