"""A folder of photographs as faces that are cut the way CelebA's are."""

import collections
import csv
import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from facegen_keras.checks import check_whole
from facegen_keras.data.images import CELEBA_SIZE
from facegen_keras.data.landmarks import explain_missing_detector
from facegen_keras.data.photos import cut_face, find_faces, open_photo
from facegen_keras.files import pictures_in, write_atomically
from facegen_keras.progress import tell_time_left

logger = logging.getLogger(__name__)

REPORT = "alignment.csv"
COLUMNS = ("picture", "bytes", "asked", "faces", "written", "left_out")
SMALLEST = 64  # pixels of the photograph for the width of CelebA's pictures: the size that faces are mostly trained at
INSIDE = 2 / 3  # share of a face's picture that must lie within the photograph
QUALITY = 95  # of JPEG


def align_faces(folder, out, faces="each", smallest=SMALLEST):
    """Find the faces in a folder of photographs, and cut each as CelebA's are: upright, eyes and mouth in their places.

    Photographs of any size and format that Pillow reads, in folders within folders, which `out` keeps. A call that was
    interrupted goes on where it was; pictures that were added to the folder are aligned by the next call.

    Args:
        folder: where the photographs are.
        out: where the faces go, as JPEGs of 178x218 pixels: `a/b.png` becomes `a/b.jpg`, its second face `a/b_2.jpg`.
            `load_faces(data=...)` reads them as they lie. The report goes there, too, as `alignment.csv`.
        faces: "each" of a photograph's faces, or the "largest".
        smallest: pixels of the photograph that a face's picture must be wide; smaller faces are left out.

    Returns:
        The report, a DataFrame, one row a photograph: `picture`, its path in the folder; `faces` found; `written`, how
        many faces; and `left_out`, why the photograph or some of its faces were, or nothing.

    Raises:
        FileNotFoundError: there is no such folder, or no picture in it.
        ImportError: the face detector, the extra `photos`, is not installed.
        ValueError: `out` is the folder itself or one in it, its report is of another kind or of a call with other
            options, or an option is wrong.
    """
    folder, out = Path(folder), Path(out)
    if faces not in ("each", "largest"):
        raise ValueError(f"faces={faces!r}: expected each or largest.")
    smallest = check_whole("smallest", smallest, 1)
    if missing := explain_missing_detector():
        raise ImportError(f"align_faces finds no faces: {missing}.")
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such folder.")
    if out.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"out={out} lies in the folder of the photographs, {folder}: name one beside it.")
    pictures = pictures_in(folder)
    if not pictures:
        raise FileNotFoundError(f"{folder}: no picture is there, nor in the folders below it.")
    names = _names_of(pictures)
    out.mkdir(parents=True, exist_ok=True)
    report = out / REPORT
    done, asked = _read_report(report), f"{faces}, from {smallest} pixels"
    if other := next((row["asked"] for row in done.values() if row["asked"] != asked), None):
        raise ValueError(f"{report} is of faces={other}, and not {asked}: name another folder, or ask as before.")
    sizes = {picture: (folder / picture).stat().st_size for picture in pictures}
    left = [picture for picture in pictures if done.get(str(picture), {}).get("bytes") != str(sizes[picture])]
    if len(left) < len(pictures):
        logger.info("%s goes on: %d of %d pictures are done", out, len(pictures) - len(left), len(pictures))
    with report.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if not file.tell():
            writer.writerow(COLUMNS)
        for picture in tell_time_left(left, f"Aligning {len(left):,} pictures"):
            found = _align(folder / picture, out / names[picture], faces, smallest)
            row = (str(picture), sizes[picture], asked, *found)
            writer.writerow(row)
            file.flush()
            done[row[0]] = dict(zip(COLUMNS, map(str, row)))
    rows = [done[str(picture)] for picture in pictures]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).drop(columns=["bytes", "asked"])
    return table.astype({"faces": int, "written": int})


def _align(photograph, name, faces, smallest):
    """Write a photograph's faces, and say how many were found, how many written, and why the others were not."""
    try:
        photo = open_photo(photograph)
    except (ValueError, OSError):
        return 0, 0, "it cannot be read as a picture"
    found, written, why = find_faces(photo), 0, []
    for place in found:
        if place.scale * CELEBA_SIZE[0] < smallest:
            why.append(f"a face is smaller than {smallest} pixels")
        elif _share_inside(photo, place) < INSIDE:
            why.append("a face is cut off at the edge")
        elif written and faces == "largest":
            why.append("a face is not the largest")
        else:
            written += 1
            target = name.with_name(f"{name.name}_{written}.jpg" if written > 1 else f"{name.name}.jpg")
            with write_atomically(target) as unfinished:
                Image.fromarray(cut_face(photo, place, CELEBA_SIZE[::-1], None)).save(unfinished, quality=QUALITY)
    return len(found), written, "; ".join(dict.fromkeys(why)) if found else "no face was found"


def _share_inside(photo, place):
    """Which share of CelebA's picture of a face lies within the photograph."""
    width, height = CELEBA_SIZE
    grid = np.stack(np.meshgrid(np.linspace(0, width, 19), np.linspace(0, height, 19)), axis=-1).reshape(-1, 2)
    places = grid @ place.transform[:, :2].T + place.transform[:, 2]
    return ((places >= 0) & (places <= photo.size)).all(axis=1).mean()


def _names_of(pictures):
    """For each picture the path of its faces without suffix: `a/b.png` has `a/b`, and `a/b.png` where others want that.

    These are another picture of this name, such as `a/b.jpg`, and the second face of `a/c.png` where b is c_2.
    """
    times = collections.Counter(picture.with_suffix("") for picture in pictures)

    def is_wanted(path):
        first, number = re.fullmatch(r"(.+?)(_\d+)?", path.name).groups()
        return times[path] > 1 or bool(number and times[path.with_name(first)])

    return {picture: picture if is_wanted(picture.with_suffix("")) else picture.with_suffix("") for picture in pictures}


def _read_report(file):
    """The rows of a report, by picture; empty where there is none. A row that was cut short is not counted."""
    if not file.exists():
        return {}
    complete, _, cut = file.read_text(encoding="utf-8").rpartition("\n")
    rows = list(csv.reader(complete.splitlines()))
    if rows and tuple(rows[0]) != COLUMNS:
        raise ValueError(f"{file} is no report of an alignment: name another folder, or remove the file.")
    if cut:
        with write_atomically(file) as unfinished:
            unfinished.write_text(complete and complete + "\n", encoding="utf-8")
    return {row[0]: dict(zip(COLUMNS, row)) for row in rows[1:] if len(row) == len(COLUMNS)}
