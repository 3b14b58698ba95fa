"""Reading CelebA's tables: the attributes of each picture, the official split, and who is on each picture."""

import csv

import numpy as np
import pandas as pd

from facegen_keras.data.attributes import ATTRIBUTES, resolve_attributes

SPLITS = ("train", "valid", "test")


def read_attributes(file):
    """Read an attribute table, official (`.txt`: count, names, rows) or Kaggle's (`.csv`).

    Args:
        file: the path of `list_attr_celeba.txt` or `.csv`; values -1 or 0 mean no, 1 means yes.

    Returns:
        DataFrame (pictures, n) of int8 0/1, index the picture names, columns the file's attributes.

    Raises:
        ValueError: the header is wrong, a row has too few or too many values, a value is not -1, 0 or 1, a name has a
            quotation mark, or a picture is named twice; the message has the file and the line.
    """
    with open(file, encoding="utf-8-sig") as lines:
        head = [lines.readline().rstrip("\r\n") for _ in range(2)]
    if file.suffix == ".csv":
        columns, header_lines = [cell.strip() for cell in head[0].split(",")][1:], 1
    else:
        columns, header_lines = head[1].split(), 2
        if not head[0].strip().isdigit():
            raise ValueError(
                f"{file}, line 1: found {head[0][:60]!r}, expected the number of pictures, then a line of attribute "
                "names, then the rows. Restore the official header."
            )
    try:
        resolve_attributes(columns)
    except ValueError as error:
        raise ValueError(
            f"{file}, line {header_lines}: the header must name attributes of CelebA's 40, each once. {error}"
        ) from None
    if not columns:
        raise ValueError(
            f"{file}, line {header_lines}: found no attribute name, expected names such as {ATTRIBUTES[0]}. "
            "Restore the official header."
        )
    table = _read_rows(file, columns, header_lines, ("-1", "0", "1"))
    if header_lines == 2 and int(head[0]) != len(table):
        raise ValueError(
            f"{file}, line 1: it announces {int(head[0]):,} rows, but {len(table):,} follow. Download the file again, "
            "or correct the number."
        )
    return (table == 1).astype(np.int8)


def read_partition(file):
    """Read the official split of the pictures.

    Args:
        file: the path of `list_eval_partition.txt` or `.csv`; 0 is train, 1 valid, 2 test.

    Returns:
        Series of "train", "valid" or "test", index the picture names.

    Raises:
        ValueError: as `read_attributes`.
    """
    table = _read_rows(file, ["partition"], 1 if file.suffix == ".csv" else 0, ("0", "1", "2"))
    return pd.Series(np.array(SPLITS, dtype=object)[table["partition"]], index=table.index, name="split")


def read_identities(file):
    """Read who is on each picture.

    Args:
        file: the path of `identity_CelebA.txt`.

    Returns:
        Series of int, index the picture names.

    Raises:
        ValueError: a line is not a picture name and a number.
    """
    try:
        table = pd.read_csv(
            file, sep=r"\s+", header=None, names=["image_id", "identity"], index_col=0, quoting=csv.QUOTE_NONE
        )
        return table["identity"].astype(int)
    except (ValueError, pd.errors.ParserError) as error:
        raise ValueError(f"{file}: expected a picture name and a number on each line ({error}).") from None


def _read_rows(file, columns, header_lines, allowed):
    """DataFrame of int8, index the names in the first column; each value is one of `allowed`."""
    separator = "," if file.suffix == ".csv" else r"\s+"
    names = ["image_id", *columns, "excess"]
    types = {"image_id": str, **dict.fromkeys(columns, np.int8), "excess": str}
    try:
        table = pd.read_csv(file, sep=separator, skiprows=header_lines, header=None, names=names, dtype=types,
                            index_col=False, na_filter=True, keep_default_na=False, na_values=[""],
                            quoting=csv.QUOTE_NONE)  # fmt: skip
        has_excess = table.pop("excess").notna().any()
        table = table.set_index("image_id")
        are_allowed = np.isin(table.to_numpy(), [int(value) for value in allowed]).all()
        has_quotes = table.index.str.contains('"', regex=False).any()
        sound = are_allowed and table.index.is_unique and not has_excess and not has_quotes
    except (ValueError, OverflowError, pd.errors.ParserError):
        sound = False
    if not sound:
        raise ValueError(_find_fault(file, len(columns), header_lines, allowed))
    return table


def _find_fault(file, count, header_lines, allowed):
    """Describe the first line of a table that cannot be read."""
    seen = {}
    with open(file, encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            cells = [cell.strip() for cell in line.split(",")] if file.suffix == ".csv" else line.split()
            if number <= header_lines or not any(cells):
                continue
            where = f"{file}, line {number} ({cells[0]}): "
            if '"' in cells[0]:
                return where + "the name has a quotation mark, expected none. Mend the line."
            if len(cells) != count + 1:
                return where + f"found {len(cells) - 1} values, expected {count}. Mend or delete the line."
            for column, cell in enumerate(cells[1:], start=1):
                if cell not in allowed:
                    return where + f"value {column} is {cell!r}, expected one of {', '.join(allowed)}. Mend the line."
            if cells[0] in seen:
                return where + f"line {seen[cells[0]]} has the same picture. Delete one of the two lines."
            seen[cells[0]] = number
    return f"{file}: cannot be read as a table of picture names and {count} values. Download it again."
