"""The runs in a folder: what each of them is, and how far it has come."""

import logging
import math
from pathlib import Path

import pandas as pd

from facegen_keras.training.history import lowest_kid, read_history
from facegen_keras.training.lock import is_held
from facegen_keras.training.options import OPTIONS, read_options

logger = logging.getLogger(__name__)

RUNNING, FINISHED, INTERRUPTED, DAMAGED = "running", "finished", "interrupted", "damaged"


def list_runs(folder="runs"):
    """List the runs in a folder and in the folders below it.

    Args:
        folder: a run, or a folder of runs.

    Returns:
        DataFrame, one row a run, index its path: `recipe`; `epochs_done` and `epochs`, which were asked for; `state`:
        "running" while a process trains it, "finished", "interrupted" where epochs are left to train, or "damaged"
        where `options.json` is; `best_kid`, NaN if not measured; `last_picture`, the path of the newest sample grid,
        empty without one.

    Raises:
        FileNotFoundError: there is no such folder, or no run in it.
    """
    runs = sorted(file.parent for file in Path(folder).rglob(OPTIONS))
    if not runs:
        raise FileNotFoundError(f"{folder} holds no run: name the folder that `train` was given, or one above it.")
    return pd.DataFrame([_describe(run) for run in runs]).set_index("run")


def _describe(run):
    rows = read_history(run)
    done = rows[-1]["epoch"] if rows else 0
    try:
        options = read_options(run)
        state = RUNNING if is_held(run) else FINISHED if done >= options["epochs"] else INTERRUPTED
    except ValueError as error:
        logger.warning("%s", error)
        options, state = {"recipe": "", "epochs": 0}, DAMAGED
    grids = grids_of(run, options["recipe"] or "*")
    return {
        "run": str(run),
        "recipe": options["recipe"],
        "epochs_done": done,
        "epochs": options["epochs"],
        "state": state,
        "best_kid": lowest_kid(rows, math.nan),
        "last_picture": str(grids[-1]) if grids else "",
    }


def grids_of(run, recipe="*"):
    """The paths of a run's sample grids, in the order of their epochs."""
    return sorted(run.glob(f"{recipe}/epoch_*.png"), key=lambda path: (len(path.name), path.name))
