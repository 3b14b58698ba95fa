"""Reading CelebA's tables: the attributes of each picture, the official split, and who is on each picture."""

import numpy as np
import pandas as pd

from facegen_keras.data.attributes import ATTRIBUTES, resolve_attributes

SPLITS = ("train", "valid", "test")
# What the text of a value stands for.
IS_ATTRIBUTE = {"-1": 0, "0": 0, "1": 1}
SPLIT_NUMBERS = {str(number): number for number in range(len(SPLITS))}


def read_attributes(file):
    """Read an attribute table, official (`.txt`: count, names, rows) or Kaggle's (`.csv`).

    Args:
        file: the path of `list_attr_celeba.txt` or `.csv`; values -1 or 0 mean no, 1 means yes.

    Returns:
        DataFrame (pictures, n) of int8 0/1, index the picture names, columns the file's attributes.

    Raises:
        ValueError: the file is no text, or the header is wrong, or there is no row; a row has too few or too many
            values, a value is not -1, 0 or 1, a name has a quotation mark or a character that cannot be printed, or a
            picture is named twice. The message has the file and the line.
    """
    lines = _read_lines(file)
    if file.suffix == ".csv":
        columns, header_lines = [cell.strip() for cell in lines[0].split(",")][1:], 1
    else:
        columns, header_lines = "".join(lines[1:2]).split(), 2
        if not _is_count(lines[0].strip()):
            raise ValueError(
                f"{file}, line 1: found {lines[0][:60]!r}, expected the number of pictures, then a line of attribute "
                "names, then the rows. Restore the official header."
            )
    try:
        resolve_attributes(columns)
    except ValueError as error:
        raise ValueError(
            f"{file}, line {header_lines}: the header must name attributes of CelebA's 40, each once. {error} Mend the "
            "line."
        ) from None
    if not columns:
        raise ValueError(
            f"{file}, line {header_lines}: found no attribute name, expected names such as {ATTRIBUTES[0]}. "
            "Restore the official header."
        )
    rows = {
        name: _numbers(where, values, IS_ATTRIBUTE)
        for where, name, values in _read_rows(file, lines, header_lines, len(columns))
    }
    if header_lines == 2 and int(lines[0]) != len(rows):
        raise ValueError(
            f"{file}, line 1: it announces {int(lines[0]):,} rows, but {len(rows):,} follow. Download the file again, "
            "or correct the number."
        )
    values = np.frombuffer(b"".join(rows.values()), np.int8).reshape(len(rows), len(columns)).copy()
    return pd.DataFrame(values, index=_index(rows), columns=columns)


def read_partition(file):
    """Read the official split of the pictures.

    Args:
        file: the path of `list_eval_partition.txt` or `.csv`; 0 is train, 1 valid, 2 test.

    Returns:
        Series of "train", "valid" or "test", index the picture names.

    Raises:
        ValueError: as `read_attributes`.
    """
    rows = {
        name: SPLITS[_numbers(where, values, SPLIT_NUMBERS)[0]]
        for where, name, values in _read_pairs(file, "partition", SPLIT_NUMBERS.__contains__)
    }
    return pd.Series(list(rows.values()), index=_index(rows), name="split")


def read_identities(file):
    """Read who is on each picture.

    Args:
        file: the path of `identity_CelebA.txt`.

    Returns:
        Series of int, index the picture names.

    Raises:
        ValueError: as `read_attributes`; an identity is a whole number of up to nine digits.
    """
    rows = {}
    for where, name, [value] in _read_pairs(file, "identity", _is_count):
        if not _is_count(value):
            raise ValueError(f"{where()}found {value!r}, expected the number of a person. Mend the line.")
        rows[name] = int(value)
    return pd.Series(list(rows.values()), index=_index(rows), dtype=int, name="identity")


def _read_lines(file):
    try:
        return file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: it is no UTF-8 text ({error}). Download it again.") from None


def _is_count(text):
    return text.isascii() and text.isdigit() and len(text) < 10


def _index(rows):
    return pd.Index(list(rows), name="image_id")


def _read_pairs(file, column, is_value):
    """`_read_rows` of a table with one value a row, which has a header in a `.csv` only."""
    lines = _read_lines(file)
    is_csv = file.suffix == ".csv"
    if is_csv and is_value(lines[0].split(",")[-1].strip()):
        raise ValueError(f"{file}, line 1: found a row, expected a header. Put image_id,{column} before it.")
    return _read_rows(file, lines, int(is_csv), 1)


def _read_rows(file, lines, header_lines, count):
    """Read the names and values of a table; blank lines are passed over.

    Yields:
        A function that says where the row is, for errors; the name of the picture; and a list of `count` str.

    Raises:
        ValueError: a row has another number of values, a name that is none, or one for the second time; or there is
            no row.
    """
    seen = {}
    for number, line in enumerate(lines[header_lines:], header_lines + 1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split(",")] if file.suffix == ".csv" else line.split()
        name, *values = cells

        def where(number=number, name=name):
            return f"{file}, line {number} ({name[:60]!r}): "

        if '"' in name or not name or not name.isprintable():
            raise ValueError(where() + "expected a picture's name without quotation marks. Mend the line.")
        if len(values) != count:
            raise ValueError(where() + f"found {len(values)} values, expected {count}. Mend or delete the line.")
        if name in seen:
            raise ValueError(where() + f"line {seen[name]} has the same picture. Delete one of the two lines.")
        seen[name] = number
        yield where, name, values
    if not seen:
        raise ValueError(f"{file}: found no row of a picture. Download it again.")


def _numbers(where, values, meaning):
    """What a row's values stand for, as bytes."""
    try:
        return bytes(map(meaning.__getitem__, values))
    except KeyError:
        column, value = next((i, value) for i, value in enumerate(values, 1) if value not in meaning)
        raise ValueError(
            f"{where()}value {column} is {value[:60]!r}, expected one of {', '.join(meaning)}. Mend the line."
        ) from None
