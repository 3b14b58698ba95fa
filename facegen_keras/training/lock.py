"""One process at a time in a run's folder."""

import contextlib
import os
import platform
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there
    fcntl = None

LOCK = ".lock"


@contextlib.contextmanager
def only_process(run):
    """Hold a run's folder, so that no other process trains in it; a process that dies lets go of it.

    The folder is made where needed, and removed again where nothing was written into it. Where the file system has no
    locks, nothing is held.

    Args:
        run: the folder.

    Raises:
        RuntimeError: another process holds the folder.
    """
    made = [folder for folder in (run, *run.parents) if not folder.exists()]
    run.mkdir(parents=True, exist_ok=True)
    try:
        with _held(run) if fcntl else contextlib.nullcontext():
            yield
    finally:
        with contextlib.suppress(OSError):  # it is not empty
            for folder in made:
                folder.rmdir()


def is_held(run):
    """Whether a process trains in the run's folder."""
    lock = Path(run) / LOCK
    if not fcntl or not lock.exists():
        return False
    with open(lock, encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # the file system has no locks
            return False
    return False


@contextlib.contextmanager
def _held(run):
    lock = run / LOCK
    with open(lock, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RuntimeError(
                f"{run} is being trained by another process ({file.read()}): wait until it ends, or choose another "
                "folder."
            ) from None
        except OSError:  # the file system has no locks
            pass
        file.truncate(0)
        file.write(f"{os.getpid()} on {platform.node()}")
        file.flush()
        try:
            yield
        finally:
            if [*run.iterdir()] == [lock]:
                lock.unlink()
