"""A film of a training: the same faces, from its first epoch to its last."""

from pathlib import Path

import numpy as np
from PIL import Image

from facegen_keras.films import save_film
from facegen_keras.metadata import inspect
from facegen_keras.training.listing import grids_of


def training_film(run, path, seconds=6.0):
    """Show how a run's faces grew: its sample grids, whose latents and attributes stay, one after the other.

    Args:
        run: its folder; `every` of `train` says how many epochs there are between two grids.
        path: a `.gif` file, or an `.mp4` file where ffmpeg is installed.
        seconds: how long it plays.

    Returns:
        The Path written to.

    Raises:
        FileNotFoundError: the run has drawn no grid yet.
        ValueError, RuntimeError: see `save_film`.
    """
    grids = grids_of(Path(run))
    if not grids:
        raise FileNotFoundError(f"{run}: no sample grid, such as modern/epoch_001.png, is there: train the run first.")
    frames = np.stack([np.asarray(Image.open(file).convert("RGB")) for file in grids])
    titles = [f"epoch {int(file.stem.removeprefix('epoch_'))}" for file in grids]
    about = {word: text for word, text in inspect(grids[-1]).items() if word != "Epoch"}
    return save_film(frames, path, seconds, titles, about | {"Epochs": len(grids)}, back=False)
