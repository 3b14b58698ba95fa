"""The embedded default data set: drawn faces on disk, laid out as CelebA is."""

import functools
import json
from pathlib import Path

import numpy as np
from PIL import Image

from facegen_keras.checks import check_whole
from facegen_keras.data.attribute_statistics import sample_attributes
from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.drawn_faces import draw_face, draw_files
from facegen_keras.data.images import CROP, check_size, cut_centre
from facegen_keras.files import write_folder_atomically

DRAWING_VERSION = 1  # raise it when the same seed draws other pictures
PICTURES, LABELS, PARTITION = "img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt"
RECORD = "sample_faces.json"  # the arguments; this file marks a complete set
TRAIN_SHARE, VALID_SHARE = 162_770 / 202_599, 19_867 / 202_599  # CelebA's own split


@functools.lru_cache(maxsize=8)
def draw_sample_faces(count, image_size, seed=0, crop=CROP):
    """Draw a few sample faces without writing files.

    Args:
        count: how many.
        image_size: (height, width).
        seed: what the attributes and the faces are drawn from.
        crop: width of the centred crop in their 178x218 pixels; None takes the whole picture.

    Returns:
        uint8 array (count, height, width, 3). Do not change it: it is kept for the next call.

    Raises:
        ValueError: an argument is no whole number, or the crop does not fit.
    """
    size = check_size(image_size, crop)
    count, seed = check_whole("count", count, 1), check_whole("seed", seed, 0)
    pictures = []
    for i, row in enumerate(sample_attributes(count, seed)):
        face = draw_face(dict(zip(ATTRIBUTES, row.tolist())), np.random.default_rng([seed, i]))
        pictures.append(cut_centre(Image.fromarray(face), size, crop))
    return np.stack(pictures)


def write_sample_faces(folder, count=2_000, seed=0):
    """Write drawn faces with their attributes and partition, in CelebA's official layout.

    The folder appears only once it is complete; if it already holds the same set, nothing is drawn. Face i is the
    same whatever the count.

    Args:
        folder: the folder to write; its parents are made.
        count: how many faces, at least 1.
        seed: what the attributes and the faces are drawn from.

    Returns:
        Path of the folder, with `img_align_celeba/000001.jpg`, `000002.jpg`, ... (178x218), `list_attr_celeba.txt`
        and `list_eval_partition.txt`.

    Raises:
        ValueError: `count` or `seed` is no whole number, or `count` is less than 1.
        FileExistsError: the folder holds something else.
    """
    count, seed = check_whole("count", count, 1), check_whole("seed", seed, 0)
    folder = Path(folder).absolute()
    record = {"count": count, "seed": seed, "drawing": DRAWING_VERSION}
    if _holds(folder, record):
        return folder
    with write_folder_atomically(folder, lambda: _holds(folder, record)) as made:
        _write_set(made, record)
    return folder


def _holds(folder, record):
    """Whether the folder holds the complete set of this record; FileExistsError if it holds something else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise FileExistsError(
            f"{folder} holds something other than sample faces: name another folder, or remove this one."
        ) from None
    if found != record:
        raise FileExistsError(
            f"{folder} holds sample faces of {found}, not of {record}: name another folder, or remove this one."
        )
    pictures = sum(1 for _ in (folder / PICTURES).glob("*.jpg"))
    if pictures != record["count"]:
        raise FileExistsError(
            f"{folder} holds {pictures} of {record['count']} sample faces: remove it, and they are drawn again."
        )
    return True


def _write_set(folder, record):
    count, seed = record["count"], record["seed"]
    attributes = sample_attributes(count, seed)
    names = [f"{i + 1:06d}.jpg" for i in range(count)]
    (folder / PICTURES).mkdir(parents=True)
    vectors = [dict(zip(ATTRIBUTES, row.tolist())) for row in attributes]
    draw_files([folder / PICTURES / name for name in names], vectors, seed)
    rows = [f"{name} " + " ".join(f"{2 * value - 1:2d}" for value in row) for name, row in zip(names, attributes)]
    (folder / LABELS).write_text("\n".join([str(count), " ".join(ATTRIBUTES), *rows]) + "\n", encoding="utf-8")
    parts = [f"{name} {_part(i, count)}\n" for i, name in enumerate(names)]
    (folder / PARTITION).write_text("".join(parts), encoding="utf-8")
    (folder / RECORD).write_text(json.dumps(record) + "\n", encoding="utf-8")


def _part(index, count):
    """0 train, 1 valid, 2 test; at least the first face is for training."""
    share = index / count
    return int(share >= TRAIN_SHARE) + int(share >= TRAIN_SHARE + VALID_SHARE)
