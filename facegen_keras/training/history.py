"""The logs of a training's epochs, in `history.csv`."""

import logging
import math
from pathlib import Path

import pandas as pd

from facegen_keras.files import write_atomically

logger = logging.getLogger(__name__)

HISTORY = "history.csv"


def read_history(folder, epochs=math.inf):
    """Read the logs that `Curves` kept of the first `epochs` epochs, and warn where the file is damaged.

    Args:
        folder: where the file is.
        epochs: rows of later epochs are left out.

    Returns:
        A list of dicts of floats, and of `epoch`, an int counted from 1: in the order of the epochs, each of them once.
        Rows that cannot be read are left out; the list is empty if there is no file.
    """
    file = Path(folder) / HISTORY
    if not file.exists():
        return []
    complete, _, cut = file.read_text(encoding="utf-8", errors="replace").rpartition("\n")
    header, *lines = complete.splitlines() or [""]
    names = header.split(",")
    rows = {row["epoch"]: row for row in (_parse(names, line) for line in lines) if row}
    if cut or not lines or len(rows) < len(lines):
        logger.warning("%s is damaged: %d of its epochs can be read, the rest is left out.", file, len(rows))
    return [rows[epoch] for epoch in sorted(rows) if epoch <= epochs]


def load_history(run):
    """Load the logs of a run's epochs, for `curves`.

    Args:
        run: its folder.

    Returns:
        A dict of lists, one value an epoch, like `fit(...).history`; NaN where an epoch did not measure something.

    Raises:
        FileNotFoundError: the run has ended no epoch yet.
    """
    rows = read_history(run)
    if not rows:
        raise FileNotFoundError(f"{Path(run) / HISTORY} holds no epoch: train the run first.")
    return pd.DataFrame(rows).drop(columns="epoch").to_dict("list")


def write_history(folder, rows):
    """Write rows as `read_history` reads them, and return them as a DataFrame."""
    history = pd.DataFrame(rows)
    with write_atomically(Path(folder) / HISTORY) as file:
        history.to_csv(file, index=False, encoding="utf-8")
    return history


def lowest_kid(rows, default):
    """The lowest KID in the rows of a history, or `default` where none was measured."""
    return min((row["kid"] for row in rows if not math.isnan(row.get("kid", math.nan))), default=default)


def _parse(names, line):
    """A row as a dict; None where it does not fit the header or has no epoch."""
    try:
        values = [float(value or "nan") for value in line.split(",")]
    except ValueError:
        return None
    row = dict(zip(names, values))
    epoch = row.get("epoch", math.nan)
    if len(values) != len(names) or not epoch >= 1 or not epoch.is_integer():
        return None
    return row | {"epoch": int(epoch)}
