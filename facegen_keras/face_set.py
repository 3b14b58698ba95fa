"""The pictures that were asked for: a split, with its attributes, and what of it makes an epoch."""

import dataclasses
import logging

import numpy as np
import pandas as pd

from facegen_keras.attributes import resolve_attributes
from facegen_keras.layouts import find_data, find_layout, say_once
from facegen_keras.picture_cache import load_pictures
from facegen_keras.tables import SPLITS, read_attributes, read_partition

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class FaceSet:
    """Decoded pictures, and which of them were asked for."""

    names: np.ndarray  # (N,) of str
    pictures: np.ndarray  # (N, H, W, 3) uint8, memory-mapped
    attributes: np.ndarray  # (N, n) float32
    selection: tuple  # n names
    rows: np.ndarray  # those of the N that were asked for
    is_one: np.ndarray | None  # (N,) bool, of the attribute to balance


def open_faces(image_size, attributes, data, split, crop, balance=None):
    """Open what `load_faces` was asked for; its settings and errors are described there. Returns a `FaceSet`."""
    selection, balanced = resolve_attributes(attributes), resolve_attributes(balance)
    if len(balanced) > 1:
        raise ValueError(f"balance={balance!r}: expected the name of one attribute.")
    check_split(split)
    faces = find_layout(find_data(data))
    names = np.array(faces.names, dtype=object)
    wanted = np.ones(len(names), dtype=bool)
    table = pd.DataFrame(index=faces.names)
    needed = list(dict.fromkeys(selection + balanced))
    if needed:
        table = attributes_of(faces)
        if missing := [name for name in needed if name not in table]:
            raise ValueError(f"{faces.attribute_file} has no column {', '.join(missing)}; it has {', '.join(table)}.")
        wanted &= _report_matches(table.index, names, faces.attribute_file)
    if split != "all" and (faces.partition_file or split != "train"):
        partition = partition_of(faces, split)
        _report_matches(partition.index, names, faces.partition_file)
        wanted &= (partition.reindex(names) == split).to_numpy()
    pictures, decoded = load_pictures(faces, image_size, crop)
    rows = np.flatnonzero(wanted & decoded)
    if not len(rows):
        raise ValueError(
            f"{faces}: none of the {len(names):,} pictures is in split={split!r} and has a row in the tables. "
            'Take split="all", or tables that name these pictures.'
        )
    values = table.reindex(names, columns=needed, fill_value=0).astype(np.float32)
    if balance and values[balanced[0]].iloc[rows].nunique() < 2:
        raise ValueError(
            f"balance={balance!r}: it is {values[balanced[0]].iloc[rows[0]]:.0f} in all {len(rows):,} pictures, and "
            "cannot be balanced. Balance an attribute that varies, or take more pictures."
        )
    say_once(f"{len(rows):,} of {len(names):,} pictures selected (split {split})")
    is_one = (values[balanced[0]] == 1).to_numpy() if balance else None
    return FaceSet(names, pictures, values[list(selection)].to_numpy(np.float32), selection, rows, is_one)


def attributes_of(faces):
    """The attribute table of a `FaceFolder`; FileNotFoundError if it has none."""
    if faces.attribute_file is None:
        raise FileNotFoundError(
            f"{faces}: attributes were asked for, but there is no list_attr_celeba.txt or .csv beside the pictures. "
            "Put it there, or take attributes=None and balance=None."
        )
    return read_attributes(faces.attribute_file)


def partition_of(faces, split):
    """The official split of a `FaceFolder`; FileNotFoundError, naming the `split` asked for, if it has none."""
    if faces.partition_file is None:
        raise FileNotFoundError(
            f"{faces}: split={split!r} needs list_eval_partition.txt or .csv beside the pictures. "
            'Put it there, or take split="all".'
        )
    return read_partition(faces.partition_file)


def check_split(split):
    """Return `split`; ValueError if there is no such split."""
    if split not in (*SPLITS, "all"):
        raise ValueError(f"split={split!r}: expected one of {', '.join(SPLITS)} or all.")
    return split


def check_count(setting, count, available):
    """ValueError unless `count` pictures can be drawn from those `available`."""
    if not 0 < count <= available:
        raise ValueError(
            f"{setting}={count:,}: there are {available:,} pictures to draw from. Take from 1 to {available:,}."
        )


def _report_matches(rows, names, file):
    """Log the rows without a picture and the pictures without a row; return which pictures have one."""
    with_row = pd.Index(names).isin(rows)
    matched = int(with_row.sum())
    if matched < len(rows):
        say_once(f"{file}: {len(rows) - matched:,} of {len(rows):,} rows have no picture here")
    if matched < len(names):
        lost = names[~with_row]
        logger.warning("%s: no row for %d pictures, left out, such as %s", file, len(lost), ", ".join(lost[:3]))
    return with_row


def plan_epoch(faces, random_select, shuffle):
    """Plan what the epochs of a `FaceSet` consist of.

    Args:
        faces: a `FaceSet`; where it has an attribute to balance, its rare value is upsampled.
        random_select: how many pictures each epoch draws; None takes all.
        shuffle: whether their order is random.

    Returns:
        A function from a numpy Generator to the rows of one epoch, int (count,); and count.

    Raises:
        ValueError: `random_select` is more than there are.
    """
    if random_select is not None:
        check_count("random_select", random_select, len(faces.rows))
    if faces.is_one is None:
        groups, counts = [faces.rows], [random_select or len(faces.rows)]
    else:
        is_one = faces.is_one[faces.rows]
        groups = sorted((faces.rows[is_one], faces.rows[~is_one]), key=len)
        counts = [random_select // 2, random_select - random_select // 2] if random_select else [len(groups[1])] * 2

    def draw_rows(rng):
        rows = np.concatenate([_draw(rng, group, count) for group, count in zip(groups, counts)])
        return rng.permutation(rows) if shuffle else np.sort(rows)

    return draw_rows, sum(counts)


def _draw(rng, rows, count):
    """Draw `count` rows; none a second time before all were drawn once."""
    rounds, rest = divmod(count, len(rows))
    return np.concatenate([np.tile(rows, rounds), rng.choice(rows, rest, replace=False)])
