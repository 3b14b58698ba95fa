"""Drawn faces as a folder of one's own has them: PNGs of several sizes, with labels that are not CelebA's."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from facegen_keras.checks import check_whole
from facegen_keras.data.attribute_statistics import sample_attributes
from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.drawn_faces import draw_files
from facegen_keras.files import write_folder_atomically

# Each label, and the attribute and the value of it that the drawing is made by.
OWN_LABELS = {
    "Glasses": ("Eyeglasses", 1),
    "Hat": ("Wearing_Hat", 1),
    "Beard": ("No_Beard", 0),
    "Laughing": ("Smiling", 1),
}
ALBUMS = 3  # folders that the pictures are in
SCALES = (0.8, 1.6)  # the smallest and the largest face, in CelebA's 178x218 pixels
ROOM = (1.2, 1.8)  # width and height of a picture, in those of its face
TILT = 15  # degrees to either side
TABLE = "labels.csv"


def write_own_faces(folder, count=300, seed=0):
    """Write drawn faces somewhere in larger pictures, tilted and of several sizes, with a table of labels.

    A stand-in for photographs of one's own: `align_faces` finds the faces, and `load_faces` reads the table.

    Args:
        folder: the folder to write, which appears once it is complete; if it is there already, nothing is drawn.
        count: how many pictures, at least 1.
        seed: what the faces, and where they are, follow from.

    Returns:
        Path of the folder, with `album_1/0001.png`, ..., and `labels.csv`: `file_name`, Glasses, Hat, Beard, Laughing.

    Raises:
        ValueError: `count` or `seed` is no whole number, or `count` is less than 1.
        FileExistsError: the folder holds something else.
    """
    count, seed, folder = check_whole("count", count, 1), check_whole("seed", seed, 0), Path(folder).absolute()
    if folder.exists():
        if not (folder / TABLE).is_file():
            raise FileExistsError(f"{folder} holds something other than drawn faces: name another folder.")
        return folder
    with write_folder_atomically(folder, (folder / TABLE).is_file) as made:
        _write(made, count, seed)
    return folder


def _write(folder, count, seed):
    vectors = [dict(zip(ATTRIBUTES, row.tolist())) for row in sample_attributes(count, seed)]
    names = [f"album_{1 + i % ALBUMS}/{i + 1:04d}.png" for i in range(count)]
    for album in {Path(name).parent for name in names}:
        (folder / album).mkdir(parents=True)
    draw_files([folder / name for name in names], vectors, seed)
    rows = [",".join(["file_name", *OWN_LABELS])]
    for i, (name, vector) in enumerate(zip(names, vectors)):
        with Image.open(folder / name) as face:
            picture = _place(face.convert("RGB"), np.random.default_rng([seed, 1, i]))
        picture.save(folder / name)
        rows.append(",".join([name, *(str(int(vector[of] == value)) for of, value in OWN_LABELS.values())]))
    (folder / TABLE).write_text("\n".join([*rows, ""]), encoding="utf-8")


def _place(face, rng):
    """A larger picture with the face somewhere in it, resized and tilted, on a blurred ground of its own colours."""
    scale = rng.uniform(*SCALES)
    face = face.resize([round(scale * side) for side in face.size], Image.Resampling.LANCZOS)
    size = [round(rng.uniform(*ROOM) * side) for side in face.size]
    ground = face.resize(size).filter(ImageFilter.GaussianBlur(max(size) / 12))
    tilt = {"angle": rng.uniform(-TILT, TILT), "resample": Image.Resampling.BICUBIC, "expand": True}
    mask = Image.new("L", face.size, 255).rotate(**tilt)
    face = face.rotate(**tilt)
    place = tuple(round(rng.uniform(0, 1) * (room - side)) for room, side in zip(size, face.size))
    ground.paste(face, place, mask)
    return ground
