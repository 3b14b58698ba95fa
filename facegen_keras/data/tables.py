"""Reading tables: the attributes of each picture, the official split, and who is on each picture."""

import array

import numpy as np
import pandas as pd

from facegen_keras.data.attributes import ATTRIBUTES, check_name

SPLITS = ("train", "valid", "test")
NAMED_BY = ("image_id", "file_name")  # what the first column of a table of one's own is called
SPLIT_NUMBERS = {str(number): number for number in range(len(SPLITS))}


class _Strengths(dict):
    """What the text of a value stands for, in [0, 1]; KeyError where it stands for nothing."""

    def __missing__(self, text):
        strength = {"-1": 0.0, "true": 1.0, "false": 0.0}.get(text.lower())
        if strength is None and text.isascii() and "_" not in text:
            try:
                strength = float(text)
            except ValueError:
                pass
        if strength is None or not 0 <= strength <= 1:
            raise KeyError(text)
        self[text] = strength
        return strength


def is_own_table(file):
    """Whether a `.csv` file is a table of labels: its first column is one of `NAMED_BY`, and it is not CelebA's."""
    with open(file, encoding="utf-8-sig", errors="replace") as lines:
        first = lines.readline(1_000).replace(";", ",").split(",")[0].strip(' \t\r\n"')
    return first in NAMED_BY and not file.name.startswith("list_")


def read_attributes(file):
    """Read a table of attributes: CelebA's (`.txt`: count, names, rows), Kaggle's or one's own (`.csv`: names, rows).

    Args:
        file: the path. Values -1, 0 or false mean no, 1 or true yes; or a number from 0 to 1 how much.

    Returns:
        DataFrame (pictures, n), index the picture names, columns the file's attributes: int8 of 0 and 1, or float32
        where there are values in between.

    Raises:
        ValueError: the file is no text, or the header is wrong, or there is no row; a row has too few or too many
            values, a value is none of these, a name has a quotation mark or a character that cannot be printed, or a
            picture or an attribute is named twice. The message has the file and the line.
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
    _check_header(f"{file}, line {header_lines}", columns, lines[0], first_column=3 - header_lines)
    strengths = _Strengths()
    rows = {
        name: _strengths_of(where, values, strengths, columns)
        for where, name, values in _read_rows(file, lines, header_lines, len(columns))
    }
    if header_lines == 2 and int(lines[0]) != len(rows):
        raise ValueError(
            f"{file}, line 1: it announces {int(lines[0]):,} rows, but {len(rows):,} follow. Download the file again, "
            "or correct the number."
        )
    values = np.frombuffer(b"".join(rows.values()), np.float32).reshape(len(rows), len(columns))
    return pd.DataFrame(whole_where_whole(values), index=_index(rows), columns=columns)


def whole_where_whole(values):
    """A copy of strengths in [0, 1]: int8 where all are 0 or 1, else float32."""
    is_whole = not len(values) or bool(((values == 0) | (values == 1)).all())
    return np.array(values, np.int8 if is_whole else np.float32)


def _check_header(where, columns, line, first_column):
    if not columns:
        mend = "Separate the columns by commas." if ";" in line or "\t" in line else "Write the header."
        raise ValueError(f"{where}: found no attribute name, expected names such as {ATTRIBUTES[0]}. {mend}")
    for number, column in enumerate(columns, first_column):
        try:
            check_name(column)
        except ValueError as error:
            raise ValueError(f"{where}, column {number} of the header: {error} Mend the line.") from None
        if (first := columns.index(column) + first_column) < number:
            raise ValueError(
                f"{where}: the header calls columns {first} and {number} {column!r}, expected each name once. Rename "
                "or delete one of the two columns."
            )


def _strengths_of(where, values, strengths, columns):
    """What a row's values stand for, as the bytes of float32."""
    try:
        return array.array("f", map(strengths.__getitem__, values)).tobytes()
    except KeyError as error:
        value = error.args[0]
        raise ValueError(
            f"{where()}{columns[values.index(value)]} is {value[:60]!r}, expected 0 or 1, -1 or 1, false or true, or a "
            "number from 0 to 1. Mend the line."
        ) from None


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
        raise ValueError(f"{file}: it is no UTF-8 text ({error}). Save it as UTF-8, or download it again.") from None


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
