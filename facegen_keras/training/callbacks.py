"""What happens while `fit` runs: sample grids, curves, checkpoints, and a limit on the time."""

import logging
import math
import time
from pathlib import Path

import keras

from facegen_keras.checks import check_whole
from facegen_keras.files import write_atomically
from facegen_keras.gan.drawing import about_samples, sample_with_verdicts
from facegen_keras.gan.state import broken_weights
from facegen_keras.grids import curves, save_grid, verdict_titles
from facegen_keras.metrics.distances import kernel_distance, manifold_overlap
from facegen_keras.metrics.scores import diversity
from facegen_keras.networks.attribute_network import face_features
from facegen_keras.training.checkpoints import describe_progress, save_over
from facegen_keras.training.history import read_history, write_history

logger = logging.getLogger(__name__)

GOOD_KID = 0.01  # below it, a KID may double without meaning anything


class _EveryFewEpochs(keras.callbacks.Callback):
    """Base of callbacks that work `every` so many epochs, and in the last one."""

    def __init__(self, every):
        super().__init__()
        self.every = check_whole("every", every, 1)

    def _is_due(self, epoch):
        last = epoch + 1 == self.params.get("epochs") or self.model.stop_training
        return last or (epoch + 1) % self.every == 0


class SampleGrid(_EveryFewEpochs):
    """Draw the same faces at an epoch's end, into `folder/<recipe>/epoch_050.png`.

    Latents and attributes are fixed, so that the grids of one training show the same faces grow.

    Args:
        folder: where the recipe's folder is made.
        count: faces in a grid.
        every: epochs from one grid to the next; the last epoch always has one, also where the training was stopped.
        titles: True to write D's verdict in per cent under each face.
        attributes: as for `FaceGAN.sample`.
        seed: of the faces.
    """

    only_chief = True

    def __init__(self, folder, count=64, every=1, titles=False, attributes=None, seed=0):
        super().__init__(every)
        self.folder = Path(folder)
        self.count, self.titles = count, titles
        self.attributes, self.seed = attributes, seed
        self.undrawn = None  # an epoch that ended without a grid

    def on_epoch_end(self, epoch, logs=None):
        self.undrawn = epoch
        if self._is_due(epoch):
            self._draw()

    def on_train_end(self, logs=None):
        if self.undrawn is not None:  # a later callback has stopped the training
            self._draw()

    def _draw(self):
        asked, titles = (self.count, self.attributes, self.seed), None
        if self.titles:
            pictures, verdicts = sample_with_verdicts(self.model, *asked)
            titles = verdict_titles(verdicts)
        else:
            pictures = self.model.sample(*asked)
        about = about_samples(self.model, self.attributes, self.seed) | {"Epoch": self.undrawn + 1}
        save_grid(pictures, self.file_of(self.undrawn + 1), titles=titles, about=about)
        self.undrawn = None

    def file_of(self, epoch):
        """Where the grid of an epoch, counted from 1, is drawn."""
        return self.folder / self.model.recipe / f"epoch_{epoch:03d}.png"


class SampleDiversity(_EveryFewEpochs):
    """Log the `diversity` of fresh samples at each epoch's end, so that the history has it beside the losses.

    Args:
        count: samples to compare.
        every: epochs from one measurement to the next; NaN in between.
        seed: of the first epoch's latents; every epoch draws others.
    """

    only_chief = True

    def __init__(self, count=128, every=1, seed=0):
        super().__init__(every)
        self.count, self.seed = count, seed

    def on_epoch_end(self, epoch, logs=None):
        logs["diversity"] = math.nan
        if self._is_due(epoch):
            logs["diversity"] = diversity(self.model.sample(self.count, seed=self.seed + epoch))


class SampleQuality(_EveryFewEpochs):
    """Log `kid`, `precision` and `recall` of fresh samples at an epoch's end, by the features of the attribute network.

    Few samples give rough scores: enough to compare epochs of one training; `evaluate` compares recipes.

    Args:
        real: uint8 array (n, H, W, 3) of real faces, framed as the GAN's training faces.
        count: samples to measure; precision and recall compare them with as many real faces.
        every: epochs from one measurement to the next; NaN in between.
        seed: of the first epoch's latents; every epoch draws others.
    """

    only_chief = True

    def __init__(self, real, count=1_000, every=1, seed=0):
        super().__init__(every)
        self.real, self.count, self.seed = face_features(real), min(count, len(real)), seed

    def on_epoch_end(self, epoch, logs=None):
        scores = {"kid": math.nan, "precision": math.nan, "recall": math.nan}
        if self._is_due(epoch):
            samples = face_features(self.model.sample(self.count, seed=self.seed + epoch))
            scores["kid"], _ = kernel_distance(self.real, samples)
            scores["precision"], scores["recall"] = manifold_overlap(self.real[: self.count], samples)
        logs.update(scores)


class CollapseWarning(keras.callbacks.Callback):
    """Warn when an epoch's logs show that the training goes wrong, and say why; once for each reason.

    Args:
        diversity: warn that samples grow alike below this share of the best `diversity` so far.
        worse: warn that samples get worse above this multiple of the best `kid` so far.
        accuracy: warn that the discriminator wins above this `d_accuracy`.
        earlier: for a resumed training, the logs of the earlier epochs: dicts with their `epoch`, counted from 1.
    """

    only_chief = True

    def __init__(self, diversity=0.6, worse=2.0, accuracy=0.95, earlier=()):
        super().__init__()
        self.diversity, self.worse, self.accuracy, self.earlier = diversity, worse, accuracy, earlier

    def on_train_begin(self, logs=None):
        self.best = {}  # log -> (value, epoch)
        self.told = set()
        for row in self.earlier:
            self._follow("diversity", max, row["epoch"] - 1, row)
            self._follow("kid", min, row["epoch"] - 1, row)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        varied, most, when = self._follow("diversity", max, epoch, logs)
        if varied < self.diversity * most:
            self._tell(
                epoch,
                f"the samples grow alike: diversity {varied:.2f}, after {most:.2f} in epoch {when}. The generator "
                "collapses: train D less (schedule=Ratio(5)), lower the learning rates, or use `modern`",
            )
        kid, least, when = self._follow("kid", min, epoch, logs)
        if kid > self.worse * max(least, GOOD_KID):
            self._tell(
                epoch,
                f"the samples get worse: KID {kid:.3f}, after {least:.3f} in epoch {when}. Stop here: a run keeps its "
                "best epoch",
            )
        if logs.get("d_accuracy", 0) > self.accuracy:
            self._tell(
                epoch,
                f"the discriminator wins: it is right in {logs['d_accuracy']:.0%} of the cases, so G learns little "
                "from it. Train it less (schedule=AccuracyGate(0.8)), or lower its learning rate",
            )

    def _follow(self, name, better, epoch, logs):
        """A log's value, its best so far, and the epoch of the best; NaN if not measured (comparisons are False)."""
        now = (logs.get(name, math.nan), epoch + 1)
        if not math.isnan(now[0]):
            self.best[name] = better(self.best.get(name, now), now, key=lambda pair: pair[0])
        return now[0], *self.best.get(name, now)

    def _tell(self, epoch, reason):
        kind = reason.partition(":")[0]
        if kind not in self.told:
            self.told.add(kind)
            logger.warning("Epoch %d: %s.", epoch + 1, reason)


class Curves(keras.callbacks.Callback):
    """Keep the logs of all epochs as `folder/history.csv`, and draw them as `folder/curves.png`.

    Args:
        folder: where the two files go.
        earlier: for a resumed training, the logs of the earlier epochs; None reads them from the file.
    """

    only_chief = True

    def __init__(self, folder, earlier=None):
        super().__init__()
        self.folder, self.earlier = Path(folder), earlier

    def on_train_begin(self, logs=None):
        epochs = int(self.model.epochs_done.numpy())
        self.rows = read_history(self.folder, epochs) if self.earlier is None else list(self.earlier)

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append({"epoch": epoch + 1} | (logs or {}))
        history = write_history(self.folder, self.rows)
        with write_atomically(self.folder / "curves.png") as file:
            curves(history.drop(columns="epoch").to_dict("list")).savefig(file, dpi=100)


class Checkpoint(keras.callbacks.Callback):
    """Save the whole GAN at each epoch's end, and every few minutes, so that training can be resumed.

    Unlike Keras' ModelCheckpoint it renames a complete file, so that an interruption never costs the last good one, and
    warns of weights that are NaN or infinite instead of saving them.

    Args:
        path: a `.keras` file. Earlier ones are kept as `gan_1.keras`, `gan_2.keras`, ... beside `gan.keras`.
        monitor: name of a log, such as "kid", to keep only the epoch in which it is lowest.
        lowest: its lowest value so far, for a resumed training.
        minutes: save after so many minutes of an epoch, too; None only saves at its end.
        keep: how many checkpoints are kept, the newest counted.
    """

    only_chief = True

    def __init__(self, path, monitor=None, lowest=math.inf, minutes=None, keep=1):
        super().__init__()
        if minutes is not None and not minutes > 0:
            raise ValueError(f"minutes={minutes}: expected a number over 0, or None.")
        self.path, self.monitor, self.lowest = Path(path), monitor, lowest
        self.minutes, self.keep = minutes, check_whole("keep", keep, 1)

    def on_train_begin(self, logs=None):
        self.saved_at = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        is_due = self.minutes is not None and time.monotonic() - self.saved_at > 60 * self.minutes
        if is_due and not self.model.batches_to_leave_out:
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        if self.monitor is None:
            self.save()
            return
        if self.monitor not in logs:
            names = ", ".join(logs)
            raise ValueError(f"monitor={self.monitor!r}: the logs are {names}. Name one, or make it earlier.")
        if logs[self.monitor] < self.lowest and self.save():
            self.lowest = logs[self.monitor]

    def save(self):
        """Save the GAN as it is now; returns False, and warns, where a weight is NaN or infinite."""
        self.saved_at = time.monotonic()
        if broken := broken_weights(self.model):
            reached = describe_progress(self.model)
            logger.warning("%s: %s is NaN or infinite, so %s is left as it was.", reached, broken[0], self.path)
            return False
        save_over(self.model, self.path, self.keep)
        return True


class TimeBudget(keras.callbacks.Callback):
    """End the training after so many minutes, at a batch's end; the epoch that it cuts short counts as a whole one.

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
