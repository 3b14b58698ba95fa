"""A folder of faces, whatever its layout, and the cache folder for what is made of it."""

import dataclasses
import functools
import hashlib
import logging
import os
from pathlib import Path

logger = logging.getLogger(__name__)

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


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
        return file_states(self.pictures, is_picture)

    @property
    def names(self):
        """The names of all pictures, sorted; those in folders below with their path, such as `smiling/a.jpg`."""
        return tuple(self._states)

    @functools.cached_property
    def classes(self):
        """The folders that hold the pictures, where there is no table and there are several: what they show, a tuple.

        Of folders within folders it is the first that counts.
        """
        if self.attribute_file is not None:
            return ()
        folders = dict.fromkeys(name.partition("/")[0] for name in self.names if "/" in name)
        return tuple(folders) if len(folders) > 1 else ()

    @property
    def fingerprint(self):
        """A hash of the names, sizes and modification times of all pictures."""
        return hash_of(self._states)

    @property
    def identity(self):
        """A hash of the names and sizes of all pictures: a copy of the folder has the same."""
        return hash_of([(name, size) for name, (size, _) in self._states.items()])

    def open_pictures(self):
        """Yield for each picture what `PIL.Image.open` reads (a path or an open file), in the order of `names`."""
        return (self.pictures / name for name in self.names)


def is_picture(entry):
    """Whether an `os.DirEntry` is a picture file; hidden files are not."""
    return entry.name.lower().endswith(PICTURE_SUFFIXES) and not entry.name.startswith(".") and entry.is_file()


def file_states(folder, select=os.DirEntry.is_file):
    """The sizes and modification times of files in a folder and those below, to notice changes; hidden folders are not.

    Args:
        folder: the folder to look into.
        select: a function of an `os.DirEntry` that says whether the file counts.

    Returns:
        A dict of name to (size, modification time), sorted by name; names have the path in the folder, with slashes.
    """
    stats, seen, left = {}, {os.path.realpath(folder)}, [("", folder)]
    while left:
        below, path = left.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir():
                    place = os.path.realpath(entry.path)
                    if not entry.name.startswith(".") and place not in seen:  # a link may lead in a circle
                        seen.add(place)
                        left.append((f"{below}{entry.name}/", entry.path))
                elif select(entry):
                    stats[below + entry.name] = entry.stat()
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in sorted(stats.items())}


def hash_of(value):
    """A hash, 16 hex digits, of anything whose `repr` is the same in every process."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def cache_folder():
    """Make and return the folder for what is made once and kept: $FACEGEN_CACHE, or else `~/.cache/facegen_keras`.

    Raises:
        OSError: the folder cannot be made.
    """
    folder = Path(os.environ.get("FACEGEN_CACHE") or Path.home() / ".cache" / "facegen_keras").expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"Cannot keep files in {folder} ({error}): set FACEGEN_CACHE to a writable folder.") from error
    return folder


@functools.cache
def say_once(message):
    """Log a message at INFO level, only the first time in this process: the same faces may be loaded often."""
    logger.info(message)
