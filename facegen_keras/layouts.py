"""Where the faces are: finding the data folder, and recognising how CelebA was laid out in it."""

import dataclasses
import functools
import hashlib
import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
ATTRIBUTE_FILES = ("list_attr_celeba.txt", "list_attr_celeba.csv")
PARTITION_FILES = ("list_eval_partition.txt", "list_eval_partition.csv")
SAMPLE_FACES = 2_000


@dataclasses.dataclass(frozen=True)
class FaceFolder:
    """Faces on disk: a folder of pictures, and the tables about them where there are any."""

    pictures: Path
    attribute_file: Path | None = None
    partition_file: Path | None = None

    def __str__(self):
        return str(self.pictures)

    @functools.cached_property
    def _states(self):
        return file_states(self.pictures, _is_picture)

    @property
    def names(self):
        """The file names of all pictures, sorted."""
        return tuple(self._states)

    @property
    def fingerprint(self):
        """A hash of the names, sizes and modification times of all pictures."""
        return hash_of(self._states)

    def open_pictures(self):
        """Yield what `PIL.Image.open` reads each picture from, in the order of `names`."""
        return (self.pictures / name for name in self.names)


def cache_folder():
    """The folder for what is made once and kept: $FACEGEN_CACHE, or else `~/.cache/facegen_keras`."""
    folder = Path(os.environ.get("FACEGEN_CACHE") or Path.home() / ".cache" / "facegen_keras").expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"Cannot keep files in {folder} ({error}): set FACEGEN_CACHE to a writable folder.") from error
    return folder


def file_states(folder, wanted=os.DirEntry.is_file):
    """{name: (size, modification time)} of the wanted files in a folder, sorted by name."""
    with os.scandir(folder) as entries:
        stats = {entry.name: entry.stat() for entry in entries if wanted(entry)}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in sorted(stats.items())}


def hash_of(value):
    """A hash, 16 hex digits, of anything that prints the same in every process."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


@functools.cache
def say_once(message):
    """Log at INFO what a process need not say again each time the same faces are loaded."""
    logger.info(message)


def workspace():
    """The folder where `data/celeba` is looked for and where notebooks put what they make.

    The project's checkout when the working directory is in one (Jupyter works in `notebooks/`), else the working
    directory.
    """
    here = Path.cwd()
    return next(
        (folder for folder in (here, *here.parents) if (folder / "facegen_keras" / "recipes.py").exists()), here
    )


def find_data(data=None):
    """Find the folder of faces to work on, and log which it is.

    Args:
        data: a folder; None takes $FACEGEN_DATA, else `data/celeba` in the `workspace`, else the
            sample faces, which are drawn into the cache folder the first time.

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
    elif (workspace() / "data" / "celeba").is_dir():
        folder, told_by = workspace() / "data" / "celeba", "data/celeba"
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
    from facegen_keras.sample_faces import DRAWING_VERSION, write_sample_faces

    folder = cache_folder() / f"sample_faces-{SAMPLE_FACES}-v{DRAWING_VERSION}"
    if not folder.is_dir():
        logger.info("Drawing %d sample faces, once", SAMPLE_FACES)
    return write_sample_faces(folder, count=SAMPLE_FACES, seed=0)


def find_layout(folder):
    """Recognise how the faces are laid out in a folder, its child or (for a folder of pictures) its parent.

    Known are the official layout, Kaggle's, torchvision's, a prepared `celeb_a` of TensorFlow Datasets, and a
    folder of pictures without attributes.

    Args:
        folder: an existing folder.

    Returns:
        A `FaceFolder`.

    Raises:
        FileNotFoundError: there is no picture in any of the places where one is expected.
    """
    folder = Path(folder)
    for root in _roots(folder):
        if prepared := _find_tfds(root):
            from facegen_keras.tfds_faces import TfdsFaces

            return TfdsFaces(prepared)
        attribute_file = _first(root, ATTRIBUTE_FILES, ("", "Anno"))
        partition_file = _first(root, PARTITION_FILES, ("", "Eval"))
        pictures = _picture_folder(root)
        if pictures and (attribute_file or partition_file or pictures != root):
            return FaceFolder(pictures, attribute_file, partition_file)
    for plain in (folder, *_children(folder)):
        if _has_pictures(plain):
            return FaceFolder(plain)
    packed = next((file for root in _roots(folder) for file in sorted(root.glob("*celeba*.zip"))), None)
    raise FileNotFoundError(
        f"{folder}: no picture ({', '.join(PICTURE_SUFFIXES)}) there, nor in img_align_celeba below it. "
        + (f"Unpack {packed} first." if packed else "Give the folder that holds img_align_celeba, or the pictures.")
    )


def _roots(folder):
    above = {"img_align_celeba": 1, "Img": 1}
    roots = [folder]
    parent = folder.resolve()
    while above.get(parent.name):
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
        return any(_is_picture(entry) for entry in entries)


def _is_picture(entry):
    return entry.name.lower().endswith(PICTURE_SUFFIXES) and not entry.name.startswith(".") and entry.is_file()


def _find_tfds(root):
    """The newest prepared version of `celeb_a` in, or just below, a folder."""
    prepared = [*root.glob("celeb_a/*/features.json"), *root.glob("features.json")]
    if root.name == "celeb_a":
        prepared += root.glob("*/features.json")
    prepared = [file.parent for file in sorted(prepared) if (file.parent / "dataset_info.json").is_file()]
    return prepared[-1] if prepared else None
