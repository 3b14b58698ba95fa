"""Writing files so that nobody ever meets a half-written one."""

import contextlib
import os
import tempfile
import uuid
from pathlib import Path

from PIL import Image


@contextlib.contextmanager
def write_atomically(path):
    """Write a file beside its place, and move it there once it is complete.

    An interruption or an error leaves the file that was there before as it was.

    Args:
        path: the file to write; its folder is made where needed.

    Yields:
        The Path to write to: in the same folder, with the same suffix.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.stem}-{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def write_folder_atomically(folder, is_there):
    """Fill a folder beside its place, and move it there once it is complete.

    Args:
        folder: the folder to write; its parents are made where needed.
        is_there: () -> whether the folder is there already, as another process was quicker; that one then stays.

    Yields:
        The Path to make and to fill.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        made = Path(scratch) / folder.name
        yield made
        try:
            os.replace(made, folder)
        except OSError:
            if not is_there():
                raise


def pictures_in(folder):
    """The sorted paths in a folder, and in those below it, of what is named like a picture that Pillow reads.

    They are relative to the folder; hidden files, and those in hidden folders, are left out.
    """
    Image.init()
    readable = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    paths = (path.relative_to(folder) for path in Path(folder).rglob("*") if path.is_file())
    named = (path for path in paths if path.suffix.lower() in readable)
    return sorted(path for path in named if not any(part.startswith(".") for part in path.parts))
