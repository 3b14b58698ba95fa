"""What the pictures of a folder show, and which split they belong to: from tables, or from the folders they are in."""

import functools

import numpy as np
import pandas as pd

from facegen_keras.data.attributes import resolve_attributes
from facegen_keras.data.folder import say_once
from facegen_keras.data.tables import NAMED_BY, read_attributes, read_partition


def attributes_of(faces):
    """The attributes of a `FaceFolder`, by table or by folder.

    Args:
        faces: a `FaceFolder`.

    Returns:
        DataFrame (rows, n), index the names of pictures. Rows of a table that have no picture keep their own names.

    Raises:
        FileNotFoundError: it has neither a table nor several folders of pictures.
        ValueError: the table is broken.
    """
    if faces.attribute_file is None:
        return _classes_of(faces)
    stat = faces.attribute_file.stat()
    table = _read_once(faces.attribute_file, (stat.st_size, stat.st_mtime_ns))
    return table.set_axis(_named_as(faces.names, table.index))


def labels_of(faces, columns):
    """The attributes of a `FaceFolder`, of which some are asked for.

    Args:
        faces: a `FaceFolder`.
        columns: their names.

    Returns:
        As `attributes_of`.

    Raises:
        As `attributes_of`; ValueError if the labels have no such name, a class has no picture, or a table names none of
            the pictures.
    """
    origin, pictures = faces.attribute_file or faces, faces.names
    if faces.attribute_file is None:
        with_pictures = {name.partition("/")[0] for name in pictures}
        if empty := next((c for c in columns if c not in with_pictures and (faces.pictures / c).is_dir()), None):
            raise ValueError(
                f"{faces.pictures / empty}: this folder of the class {empty!r} has no picture. Put some there, or "
                "leave the class out."
            )
    table = attributes_of(faces)
    try:
        resolve_attributes(columns, known=tuple(table))
    except ValueError as error:
        raise ValueError(
            f"{origin}: {error} Name attributes that are there, or take a recipe without any, such as udacity."
        ) from None
    if not table.index.isin(pictures).any():
        raise ValueError(
            f"{origin}: none of the {len(pictures):,} pictures in {faces} has a row. The table names pictures such as "
            f"{table.index[0]!r}, and the folder has such as {pictures[0]!r}. Write the names of the pictures, with "
            "the folders that they are in, into its first column."
        )
    return table


def partition_of(faces, split):
    """The official split of a `FaceFolder`; FileNotFoundError, which names the `split` asked for, if it has none."""
    if faces.partition_file is None:
        raise FileNotFoundError(
            f"{faces}: split={split!r} needs list_eval_partition.txt or .csv beside the pictures. "
            'Put it there, or take split="all".'
        )
    partition = read_partition(faces.partition_file)
    return partition.set_axis(_named_as(faces.names, partition.index))


@functools.lru_cache(maxsize=1)
def _read_once(attribute_file, state):
    """CelebA's whole table takes seconds to read; `state` tells when it has changed. To be left as it is."""
    return read_attributes(attribute_file)


def _classes_of(faces):
    """One column for each folder of pictures, 1 for the pictures that are in it."""
    if not faces.classes:
        raise FileNotFoundError(
            f"{faces}: attributes were asked for, but there is no list_attr_celeba.txt or .csv beside the pictures, no "
            f"other .csv whose first column is {' or '.join(NAMED_BY)}{_other_tables(faces)}, and no folder for each "
            "class. Put one there, or take attributes=None and balance=None (or a recipe without attributes, such as "
            "udacity)."
        )
    names = [name for name in faces.names if "/" in name]
    if len(names) < len(faces.names):
        count = len(faces.names) - len(names)
        say_once(f"{faces}: {count:,} pictures are in none of the folders {', '.join(faces.classes[:5])}")
    codes = pd.Categorical([name.partition("/")[0] for name in names], faces.classes).codes
    table = np.zeros((len(names), len(faces.classes)), np.int8)
    table[np.arange(len(names)), codes] = 1
    return pd.DataFrame(table, index=pd.Index(names, name="image_id"), columns=list(faces.classes))


def _other_tables(faces):
    """What the tables that lie there begin with, in brackets."""
    begins = []
    for file in sorted(faces.pictures.glob("*.csv"))[:3]:
        with open(file, encoding="utf-8-sig", errors="replace") as lines:
            begins.append(f"{file.name} begins with {lines.readline(1_000).split(',')[0].strip()[:30]!r}")
    return f" ({', '.join(begins)})" if begins else ""


def _named_as(names, rows):
    """The index of a table, in which a row has the name of the picture that it is about.

    A table may give a path without its first folders, or have the suffix that a picture had before it was aligned. Only
    where one row and one picture have what is left in common they are taken for the same.

    Args:
        names: of the pictures.
        rows: index of a table.
    """
    own, found = set(names), {}
    rest = [row for row in rows if row not in own]
    left = [name for name in names if name not in rows] if rest else []
    if not left:
        return rows
    for key in (_path, _stem, _last):
        about, called = _only(rest, key), _only(left, key)
        for shared in about.keys() & called.keys():
            if _is_end(_stem(about[shared]), _stem(called[shared])):
                found[about[shared]] = called[shared]
        rest = [row for row in rest if row not in found]
        done = set(found.values())
        left = [name for name in left if name not in done]
    return pd.Index([found.get(row, row) for row in rows], name=rows.name) if found else rows


def _only(names, key):
    """The names by a key of theirs that no other one has."""
    keys = pd.Series([key(name) for name in names], dtype=object)
    return dict(zip(keys[~keys.duplicated(keep=False)], np.array(names, object)[~keys.duplicated(keep=False)]))


def _path(name):
    return name.replace("\\", "/").removeprefix("./")


def _stem(name):
    path = _path(name)
    stem, dot, suffix = path.rpartition(".")
    return stem if dot and "/" not in suffix else path


def _last(name):
    return _stem(name).rpartition("/")[2]


def _is_end(one, other):
    """Whether one of two paths is the end of the other."""
    short, long = sorted((one, other), key=len)
    return f"/{long}".endswith(f"/{short}")
