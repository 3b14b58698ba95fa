"""Writing files so that nobody ever meets a half-written one."""

import contextlib
import os
import uuid
from pathlib import Path


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
