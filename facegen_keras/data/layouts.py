"""Finding the data folder, and recognising its layout: one of CelebA's, or one's own."""

import logging
import os
from pathlib import Path

from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.folder import PICTURE_SUFFIXES, FaceFolder, cache_folder, is_picture, say_once
from facegen_keras.data.sample_faces import DRAWING_VERSION, RECORD, write_sample_faces
from facegen_keras.data.tables import is_own_table, read_attributes
from facegen_keras.data.tfds_faces import TfdsFaces

logger = logging.getLogger(__name__)

ATTRIBUTE_FILES = ("list_attr_celeba.txt", "list_attr_celeba.csv")
PARTITION_FILES = ("list_eval_partition.txt", "list_eval_partition.csv")
SAMPLE_FACES = 2_000


def workspace():
    """The folder where notebooks write their results: $FACEGEN_WORKSPACE, else the `project_folder`; absolute."""
    named = os.environ.get("FACEGEN_WORKSPACE")
    return Path(named).expanduser().absolute() if named else project_folder()


def project_folder():
    """The folder where `data/celeba` is looked for.

    It is the project's checkout if the working directory is inside one (Jupyter works in `notebooks/`), else the
    working directory.
    """
    here = Path.cwd()
    marker = Path("facegen_keras", "training", "recipes.py")
    return next((folder for folder in (here, *here.parents) if (folder / marker).exists()), here)


def find_data(data=None):
    """Find the folder of faces to work on, and log which it is.

    Args:
        data: a folder; None takes $FACEGEN_DATA, else `data/celeba` in the `project_folder`, else the sample faces,
            which are drawn into the cache folder the first time.

    Returns:
        The folder, a `Path`.

    Raises:
        FileNotFoundError: the folder named by `data` or $FACEGEN_DATA does not exist.
    """
    if data is not None:
        folder, told_by = Path(data).expanduser(), f"data={str(data)!r}"
    elif os.environ.get("FACEGEN_DATA"):
        folder = Path(os.environ["FACEGEN_DATA"]).expanduser()
        told_by = f"FACEGEN_DATA={os.environ['FACEGEN_DATA']}"
    elif (project_folder() / "data" / "celeba").is_dir():
        folder, told_by = project_folder() / "data" / "celeba", "data/celeba"
    else:
        folder, told_by = _sample_faces(), "the embedded sample faces, as there is no FACEGEN_DATA and no data/celeba"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{told_by}: there is no such folder. Set FACEGEN_DATA (or data=) to the folder that holds CelebA, get it "
            "with download_celeba(), or unset FACEGEN_DATA to use the embedded sample faces."
        )
    say_once(f"Faces: {told_by}")
    return folder


def _sample_faces():
    folder = cache_folder() / f"sample_faces-{SAMPLE_FACES}-v{DRAWING_VERSION}"
    if not folder.is_dir():
        logger.info("Drawing %s sample faces, once; this takes about a minute", f"{SAMPLE_FACES:,}")
    return write_sample_faces(folder, count=SAMPLE_FACES, seed=0)


def find_layout(folder):
    """Recognise the layout of the faces in a folder, in its children or (for a folder of pictures) in its parent.

    Known are the official layout, Kaggle's, torchvision's, a prepared `celeb_a` of TensorFlow Datasets, and pictures of
    one's own: in one folder or in folders within folders, with a table of labels beside them or without.

    Args:
        folder: an existing folder.

    Returns:
        A `FaceFolder`.

    Raises:
        FileNotFoundError: there is no picture in any of the places where one is expected.
        ValueError: there are several tables of labels.
    """
    folder = Path(folder)
    for root in _roots(folder):
        if prepared := _find_tfds(root):
            return TfdsFaces(prepared)
        attribute_file = _first(root, ATTRIBUTE_FILES, ("", "Anno"))
        partition_file = _first(root, PARTITION_FILES, ("", "Eval"))
        pictures = _picture_folder(root)
        if pictures and (attribute_file or partition_file or pictures != root):
            return FaceFolder(pictures, attribute_file or _own_table(root), partition_file)
    if own := _own_layout(folder):
        return own
    packed = next((file for root in _roots(folder) for file in sorted(root.glob("*celeba*.zip"))), None)
    raise FileNotFoundError(
        f"{folder}: no picture ({', '.join(PICTURE_SUFFIXES)}) there, nor in img_align_celeba below it. "
        + (f"Unpack {packed} first." if packed else "Give the folder that holds img_align_celeba, or the pictures.")
    )


def is_drawn(data=None):
    """Whether the faces that `find_data` finds were drawn: `write_sample_faces` leaves a record beside their folder."""
    return (find_layout(find_data(data)).pictures.parent / RECORD).exists()


def tell_source(data=None):
    """What a model card says of the faces that `find_data` finds: a sentence on where they come from."""
    if is_drawn(data):
        return "Data: faces that this package drew, with the attributes they were drawn by."
    faces = find_layout(find_data(data))
    is_named = faces.attribute_file is not None and faces.attribute_file.name in ATTRIBUTE_FILES
    if isinstance(faces, TfdsFaces) or is_named and set(read_attributes(faces.attribute_file)) == set(ATTRIBUTES):
        return "Data: CelebA (Liu et al. 2015), for non-commercial research only, and so are these weights."
    return "Data: those of whoever trained it."


def _own_layout(folder):
    """Pictures of one's own in a folder and those below; None where there are none.

    A folder that only holds one other is passed through, and the tables may lie above the pictures.
    """
    pictures = folder
    while not _has_pictures(pictures) and len(below := _children(pictures)) == 1:
        pictures = below[0]
    above = [pictures, *(parent for parent in pictures.parents if parent.is_relative_to(folder))]
    tables = (_first(place, ATTRIBUTE_FILES, ("",)) or _own_table(place) for place in above)
    partitions = (_first(place, PARTITION_FILES, ("",)) for place in above)
    faces = FaceFolder(pictures, *(next(filter(None, files), None) for files in (tables, partitions)))
    return faces if faces.names else None


def _own_table(folder):
    """The table of labels in a folder, whatever its name; None where there is none."""
    tables = [file for file in sorted(folder.glob("*.csv")) if file.is_file() and is_own_table(file)]
    if len(tables) > 1:
        raise ValueError(
            f"{folder}: {' and '.join(file.name for file in tables)} are tables of labels, expected one. Put their "
            "columns into one table, or move one of them elsewhere."
        )
    return tables[0] if tables else None


def _roots(folder):
    """The folders in which a layout may begin."""
    roots = [folder]
    parent = folder.resolve()
    while parent.name in ("img_align_celeba", "Img"):
        parent = parent.parent
        roots.insert(0, parent)
    return [*roots, *_children(folder)]


def _children(folder):
    """The folders below, `celeba` first."""
    children = (child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    return sorted(children, key=lambda child: (child.name != "celeba", child.name))


def _first(root, names, subfolders):
    files = (root / subfolder / name for subfolder in subfolders for name in names)
    return next((file for file in files if file.is_file()), None)


def _picture_folder(root):
    below = ("img_align_celeba/img_align_celeba", "img_align_celeba", "Img/img_align_celeba", "")
    return next((root / part for part in below if _has_pictures(root / part)), None)


def _has_pictures(folder):
    if not folder.is_dir():
        return False
    with os.scandir(folder) as entries:
        return any(is_picture(entry) for entry in entries)


def _find_tfds(root):
    """The newest prepared version of `celeb_a` in a folder, or just below it; None if there is none."""
    prepared = [*root.glob("celeb_a/*/features.json"), *root.glob("features.json")]
    if root.name == "celeb_a":
        prepared += root.glob("*/features.json")
    prepared = [file.parent for file in sorted(prepared) if (file.parent / "dataset_info.json").is_file()]
    return prepared[-1] if prepared else None
