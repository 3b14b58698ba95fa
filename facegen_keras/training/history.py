"""The logs of a training's epochs, in `history.csv`."""

import logging
import math
import re
from pathlib import Path

import pandas as pd

from facegen_keras.files import write_atomically

logger = logging.getLogger(__name__)

HISTORY = "history.csv"
# What pandas writes; Python's float() reads much else, such as 1_0.
NUMBER = re.compile(r"-?(\d+(\.\d*)?(e[-+]?\d+)?|inf)|", re.ASCII | re.IGNORECASE)
LAST_EPOCH = 1e9


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
    header, *lines = complete.split("\n")
    names = _names_in(header)
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
    return min((row["kid"] for row in rows if math.isfinite(row.get("kid", math.nan))), default=default)


def _names_in(header):
    """The names of the columns; none where one is repeated or is none that a log can have."""
    names = header.split(",")
    is_sound = len(set(names)) == len(names) and all(name and name.isascii() and name.isprintable() for name in names)
    return names if is_sound else []


def _parse(names, line):
    """A row as a dict; None where it does not fit the header or has no epoch."""
    cells = line.split(",")
    if len(cells) != len(names) or not all(map(NUMBER.fullmatch, cells)):
        return None
    row = {name: float(cell or "nan") for name, cell in zip(names, cells)}
    epoch = row.get("epoch", math.nan)
    if not 1 <= epoch <= LAST_EPOCH or not epoch.is_integer():
        return None
    return row | {"epoch": int(epoch)}
