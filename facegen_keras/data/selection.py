"""Which pictures were asked for: a split, a fixed choice of it, and what of that makes an epoch."""

import dataclasses
import logging

import numpy as np
import pandas as pd

from facegen_keras.checks import check_whole
from facegen_keras.data.attributes import resolve_attributes
from facegen_keras.data.folder import say_once
from facegen_keras.data.images import CROP
from facegen_keras.data.label_statistics import LabelStatistics
from facegen_keras.data.labels import labels_of, partition_of
from facegen_keras.data.layouts import find_data, find_layout
from facegen_keras.data.picture_cache import load_pictures
from facegen_keras.data.tables import SPLITS
from facegen_keras.progress import tell_time_left

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class FaceSet:
    """All decoded pictures of a folder, and which of them were asked for. The pictures stay on disk."""

    names: np.ndarray  # (N,) of str
    pictures: np.ndarray  # (N, H, W, 3) uint8, memory-mapped
    attributes: np.ndarray  # (N, n) float32 in [0, 1]
    attribute_names: tuple  # n names
    rows: np.ndarray  # int (k,): those of the N that were asked for
    to_balance: np.ndarray | None  # (N,) bool: the attribute to balance

    @property
    def label_statistics(self):
        """The `LabelStatistics` of the pictures that were asked for; None without attributes."""
        return (
            LabelStatistics.measure(self.attribute_names, self.attributes[self.rows]) if self.attribute_names else None
        )

    def chunks(self, size=256):
        """Yield the pictures that were asked for, a part at a time, so that memory is bounded.

        Args:
            size: how many pictures a part has; the last one may have fewer.

        Yields:
            uint8 arrays (size, H, W, 3), in the order of `rows`.
        """
        for start in tell_time_left(range(0, len(self.rows), size), f"Looking at {len(self.rows):,} faces"):
            yield self.pictures[self.rows[start : start + size]]


def open_faces(
    image_size=64,
    attributes=None,
    data=None,
    split="train",
    crop=CROP,
    *,
    images=None,
    held_out_from=None,
    balance=None,
    seed=0,
):
    """Open faces without copying them into memory; `load_faces` and `load_arrays` are built on it.

    Args:
        image_size, attributes, data, split, crop, balance: as for `load_faces`.
        images: how many pictures to choose (int; all where there are fewer), or which share of them (float in (0, 1]).
            The choice follows from `seed`, and a larger one contains a smaller one. None takes all.
        held_out_from: leave out the pictures that `images=held_out_from` would choose with the same seed.
        seed: what the choice follows from.

    Returns:
        A `FaceSet`; its rows are in random order where `images` chose them, else in the order of the file names.

    Raises:
        As `load_faces`.
    """
    names_asked, balanced = resolve_attributes(attributes), resolve_balance(balance)
    check_split(split)
    check_amount("images", images)
    check_amount("held_out_from", held_out_from)
    seed = check_whole("seed", seed, 0)
    faces = find_layout(find_data(data))
    names = np.array(faces.names, dtype=object)
    usable = np.ones(len(names), dtype=bool)
    table = pd.DataFrame(index=faces.names)
    columns = list(dict.fromkeys(names_asked + balanced))
    chooses = images is not None or held_out_from is not None
    # The choice must not depend on the attributes asked for: where there are labels, it is of pictures that have some.
    if columns or (chooses and (faces.attribute_file or faces.classes)):
        table = labels_of(faces, columns)
        usable &= _report_matches(table.index, names, faces.attribute_file or faces)
    if split != "all" and (faces.partition_file or split != "train"):
        partition = partition_of(faces, split)
        _report_matches(partition.index, names, faces.partition_file)
        usable &= (partition.reindex(names) == split).to_numpy()
    pictures, decoded = load_pictures(faces, image_size, crop)
    usable &= decoded
    if not usable.any():
        raise ValueError(
            f"{faces}: none of the {len(names):,} pictures is in split={split!r} and has a row in the tables. "
            'Take split="all", or tables that name these pictures.'
        )
    rows = _choose(usable, images, held_out_from, seed)
    values = table.reindex(names, columns=columns, fill_value=0).astype(np.float32)
    to_balance = (values[balanced[0]] > 0.5).to_numpy() if balanced else None
    if balanced and len(set(to_balance[rows])) < 2:
        raise ValueError(
            f"balance={balance!r}: it is {int(to_balance[rows[0]])} in all {len(rows):,} pictures, and "
            "cannot be balanced. Balance an attribute that varies, or take more pictures."
        )
    say_once(f"{len(rows):,} of {len(names):,} pictures selected (split {split})")
    return FaceSet(names, pictures, values[list(names_asked)].to_numpy(np.float32), names_asked, rows, to_balance)


def _choose(usable, images, held_out_from, seed):
    """The rows of the fixed choice out of those `usable`, bool (N,); see `open_faces`."""
    order = np.random.default_rng([seed, 0, 1]).permutation(len(usable))  # [seed, epoch] are the epochs' generators
    order = order[usable[order]]
    if held_out_from is not None:
        available, order = len(order), order[count_of(held_out_from, len(order)) :]
        if not len(order):
            raise ValueError(
                f"held_out_from={held_out_from!r} leaves none of the {available:,} pictures out of the choice. Train "
                "on fewer (images=), or take the faces of another split."
            )
    return np.sort(order) if images is None else order[: count_of(images, len(order))]


def resolve_balance(balance):
    """The attribute to balance, as a tuple of one name or none; ValueError if it is no name."""
    names = resolve_attributes(balance)
    if len(names) > 1:
        raise ValueError(f"balance={balance!r}: expected the name of one attribute.")
    return names


def check_split(split):
    """Return `split`; ValueError if there is no such split."""
    if split not in (*SPLITS, "all"):
        raise ValueError(f"split={split!r}: expected one of {', '.join(SPLITS)} or all.")
    return split


def check_amount(setting, amount):
    """ValueError unless `amount` is a number of pictures (int), a share of them (float in (0, 1]) or None."""
    is_count = isinstance(amount, (int, np.integer)) and not isinstance(amount, bool) and amount > 0
    is_share = isinstance(amount, (float, np.floating)) and 0 < amount <= 1
    if not (amount is None or is_count or is_share):
        raise ValueError(
            f"{setting}={amount!r}: expected a number of pictures such as 10_000, a share such as 0.5, or None for all."
        )


def count_of(amount, available):
    """How many of the pictures `available` a number (at most all) or a share of them is: at least one."""
    if isinstance(amount, (int, np.integer)):
        return min(int(amount), available)
    return max(1, round(amount * available))


def _report_matches(rows, names, file):
    """Log the rows without a picture and the pictures without a row; return which pictures have a row."""
    with_row = pd.Index(names).isin(rows)
    matched = int(with_row.sum())
    if matched < len(rows):
        say_once(f"{file}: {len(rows) - matched:,} of {len(rows):,} rows have no picture here")
    if matched < len(names):
        lost = names[~with_row]
        logger.warning("%s: no row for %d pictures, left out, such as %s", file, len(lost), ", ".join(lost[:3]))
    return with_row


def plan_epoch(faces, random_select, shuffle):
    """Plan what each epoch of a `FaceSet` consists of.

    Args:
        faces: a `FaceSet`; where it has an attribute to balance, its rare value is upsampled.
        random_select: how many pictures each epoch draws (int), or which share of them (float in (0, 1]); None takes
            all.
        shuffle: whether their order is random.

    Returns:
        A function from a numpy Generator to the rows of one epoch, int (count,); and count.

    Raises:
        ValueError: `random_select` is no such number, or more than there are.
    """
    check_amount("random_select", random_select)
    available = len(faces.rows)
    if isinstance(random_select, (int, np.integer)) and random_select > available:
        raise ValueError(
            f"random_select={random_select:,}: there are {available:,} pictures to draw from. Take from 1 to "
            f"{available:,}, a share such as 0.5, or None for all."
        )
    drawn = random_select and count_of(random_select, available)
    if faces.to_balance is None:
        groups, counts = [faces.rows], [drawn or available]
    else:
        is_one = faces.to_balance[faces.rows]
        groups = sorted((faces.rows[is_one], faces.rows[~is_one]), key=len)
        counts = [drawn // 2, drawn - drawn // 2] if drawn else [len(groups[1])] * 2

    def draw_rows(rng):
        rows = np.concatenate([_draw(rng, group, count) for group, count in zip(groups, counts)])
        return rng.permutation(rows) if shuffle else np.sort(rows)

    return draw_rows, sum(counts)


def _draw(rng, rows, count):
    """Draw `count` rows; none a second time before all were drawn once."""
    rounds, rest = divmod(count, len(rows))
    return np.concatenate([np.tile(rows, rounds), rng.choice(rows, rest, replace=False)])
