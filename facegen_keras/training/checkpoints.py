"""Saved GANs: loading them, and falling back to an earlier one where the newest is damaged."""

import logging
import os
import zipfile
from pathlib import Path

import keras

from facegen_keras.files import write_atomically
from facegen_keras.gan.model import FaceGAN
from facegen_keras.gan.state import check_counters, check_finite
from facegen_keras.training import recipes  # noqa: F401  # it registers every class that a file may name
from facegen_keras.training.keras_file import check_keras_file

logger = logging.getLogger(__name__)

LAST, BEST = "gan.keras", "best.keras"  # of a run


def load_gan(path):
    """Load a GAN saved by `gan.save` or by a run.

    Args:
        path: a `.keras` file. It may come from anywhere: no code of its own is run (see `keras_file`).

    Returns:
        The `FaceGAN`, which `fit` trains further from where it was saved.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file holds no FaceGAN, is damaged, names a class that is not registered, or holds weights that
            are NaN or infinite.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: expected a .keras file saved by gan.save.")
    if not zipfile.is_zipfile(path):  # Keras would say that it is not there
        raise ValueError(f"{path} is empty, cut off or no .keras file: save it again with gan.save.")
    try:
        check_keras_file(path)
        gan = keras.models.load_model(path)
    except Exception as error:  # a damaged file raises about anything: BadZipFile, EOFError, RecursionError, KeyError
        reason = f"{type(error).__name__}: {error}"[:200]  # Keras quotes the whole configuration
        raise ValueError(f"{path} cannot be read as a saved GAN ({reason}): save it again with gan.save.") from error
    if not isinstance(gan, FaceGAN):
        raise ValueError(f"{path} holds a {type(gan).__name__}, not a FaceGAN: expected a file saved by gan.save.")
    try:
        check_counters(gan)
        check_finite(gan)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return gan


def save_over(gan, path, keep=1):
    """Save a GAN where an earlier one may be; at no time is the file half-written.

    Args:
        gan: a `FaceGAN`.
        path: a `.keras` file.
        keep: how many saved GANs are kept: this one, and earlier ones as `earlier(path, 1)`, `earlier(path, 2)`, ...
    """
    with write_atomically(path) as file:
        gan.save(file)
        for age in range(keep - 1, 0, -1):
            if (newer := earlier(path, age - 1)).exists():
                os.replace(newer, earlier(path, age))


def earlier(path, age):
    """Where the checkpoint of `age` saves ago is kept: `gan_1.keras` beside `gan.keras`, the newest, of age 0."""
    return path.with_stem(f"{path.stem}_{age}") if age else path


def checkpoints_of(run):
    """Where a run has its checkpoints: the newest first, then the earlier ones that there are, and the best one."""
    ages = [file.stem.removeprefix("gan_") for file in run.glob("gan_*.keras")]
    ages = sorted(int(age) for age in ages if age.isdecimal())
    return [run / LAST, *(earlier(run / LAST, age) for age in ages), run / BEST]


def describe_progress(gan):
    """How far a GAN's training has come: "after epoch 3", or "in epoch 4, after 120 batches"."""
    epochs, batches = int(gan.epochs_done.numpy()), int(gan.batches_done.numpy())
    return f"in epoch {epochs + 1}, after {batches} batches" if batches else f"after epoch {epochs}"


def load_first(paths):
    """Load the first checkpoint that can be loaded, and warn of those before it.

    Returns:
        The `FaceGAN`, and which of the paths it is from.

    Raises:
        FileNotFoundError: there is none of these files.
        ValueError: none of them can be loaded; the message says why.
    """
    reasons = []
    for path in paths:
        try:
            gan = load_gan(path)
        except (FileNotFoundError, ValueError) as error:
            reasons.append(str(error))
            continue
        if reasons:
            logger.warning("%s Therefore %s is loaded, %s.", " ".join(reasons), path, describe_progress(gan))
        return gan, path
    error = ValueError if any(path.exists() for path in paths) else FileNotFoundError
    raise error(" ".join(reasons))


def set_aside(path):
    """Rename a damaged checkpoint, `gan.keras` to `gan_damaged.keras`, so that it never counts as the one before."""
    if path.exists():
        os.replace(path, path.with_stem(f"{path.stem}_damaged"))


def clear_unfinished(run):
    """Remove what `write_atomically` left in a run's folder where its process was killed."""
    for file in run.rglob(f".*-{'[0-9a-f]' * 8}.*"):
        file.unlink()
