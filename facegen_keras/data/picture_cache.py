"""Pictures cropped, resized and decoded once, kept as one memory-mapped array of uint8."""

import collections
import concurrent.futures
import contextlib
import errno
import itertools
import json
import logging
import os
import shutil
import time
import zlib

import numpy as np

from facegen_keras.data.folder import cache_folder, hash_of
from facegen_keras.data.images import CROP, check_size, decode, without_size_warnings
from facegen_keras.files import write_atomically
from facegen_keras.progress import tell_time_left

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

logger = logging.getLogger(__name__)

DECODING = 1  # raise it whenever the same picture would be decoded to other values
CHUNK = 1_024  # pictures decoded between two looks at the clock
CHECKED = 64  # rows that tell whether an array is the one that its report describes


def load_pictures(faces, image_size=64, crop=CROP):
    """Open the decoded pictures of a folder; decode them first if that was not yet done, or the folder changed.

    Args:
        faces: a `FaceFolder`.
        image_size, crop: as for `read_picture`.

    Returns:
        A read-only memory map, uint8 (N, height, width, 3), one row for each of `faces.names`; and a bool array
        (N,), False where the picture could not be decoded (its row is black).

    Raises:
        ValueError: the crop does not fit, or more than half of the pictures cannot be decoded.
        OSError: the cache folder has no room for the array.
    """
    size = check_size(image_size, crop)
    crop = crop.item() if isinstance(crop, np.number) else crop  # JSON knows no number of numpy's
    made_from = {"pictures": str(faces.pictures.resolve()), "image_size": size, "crop": crop, "decoding": DECODING}
    series = f"{size[0]}x{size[1]}-{hash_of(made_from)}"
    array_file = cache_folder() / f"{series}-{faces.fingerprint}.npy"
    described = {**made_from, "fingerprint": faces.fingerprint, "shape": (len(faces.names), *size, 3)}
    report = _read_report(array_file, described)
    if report is None:
        _delete_stale(series, array_file)
        report = _build(faces, size, crop, array_file, described)
    if skipped := report["skipped"]:
        logger.warning("%s: %d pictures cannot be decoded and are left out: %s", faces, len(skipped), _some(skipped))
    pictures = np.load(array_file, mmap_mode="r")
    return pictures, ~np.isin(faces.names, list(skipped))


def _report_of(array_file):
    return array_file.with_suffix(".json")


def _read_report(array_file, described):
    """The report of a complete array, which is written after it; None unless both are there and fit each other."""
    try:
        report = json.loads(_report_of(array_file).read_text(encoding="utf-8"))
        array = np.lib.format.open_memmap(array_file, "r")
        expected = json.loads(json.dumps({**described, "checksum": _checksum(array)}))
        is_sound = array.dtype == np.uint8 and array.shape == described["shape"]
        is_sound &= {**report, **expected} == report and isinstance(report["skipped"], dict)
        return report if is_sound else None
    except Exception:  # whatever is wrong with one of them, both are made again
        return None


def _checksum(array):
    """A checksum of some rows, spread evenly."""
    return zlib.crc32(array[np.linspace(0, len(array) - 1, CHECKED).astype(int)])


def _build(faces, size, crop, array_file, described):
    with contextlib.ExitStack() as held:  # until the array has its name
        with write_atomically(array_file) as unfinished:
            held.enter_context(_hold(unfinished))
            array = _make_array(unfinished, described["shape"])
            skipped, converted = _decode_all(faces, size, crop, array)
            if 2 * len(skipped) > len(array):
                raise ValueError(
                    f"{faces}: {len(skipped):,} of {len(array):,} pictures cannot be decoded, such as "
                    f"{_some(skipped)}. Download or unpack them again."
                )
            array.flush()
            made, checksum = len(array) - len(skipped), _checksum(array)
            del array
    report = {**described, "checksum": checksum, "converted": converted, "skipped": skipped}
    with write_atomically(_report_of(array_file)) as unfinished:
        unfinished.write_text(json.dumps(report, indent=1), encoding="utf-8")
    logger.info("Decoded %d pictures to %dx%d, once%s", made, *size, f" ({converted})" if converted else "")
    return report


def _hold(file):
    """Make a file and lock it until what is returned is closed; see `_is_dead`."""
    if fcntl is None:
        return contextlib.nullcontext()  # Windows renames no file that is open
    opened = open(file, "xb")
    with contextlib.suppress(OSError):  # some network drives have no locks
        fcntl.flock(opened, fcntl.LOCK_EX)
    return opened


def _make_array(file, shape):
    """A writable memory map, uint8 in `shape`, whose disk space is all taken.

    A process that finds the disk full while it writes into a memory map is killed by SIGBUS.
    """
    needed, free = int(np.prod(shape)), shutil.disk_usage(file.parent).free
    try:
        if needed > free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        array = np.lib.format.open_memmap(file, "w+", np.uint8, shape)
        with open(file, "r+b") as opened:
            _reserve(opened, array.offset, needed)
        return array
    except OSError as error:
        raise OSError(
            f"{file.parent}: {shape[0]:,} decoded pictures need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free "
            f"({error}). Make room, or set FACEGEN_CACHE to a folder on another disk."
        ) from error


def _reserve(opened, start, count):
    """Take the disk space of `count` empty bytes of a file."""
    try:
        os.posix_fallocate(opened.fileno(), start, count)
    except (AttributeError, OSError) as error:  # macOS and Windows have none; some drives cannot
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise
        opened.seek(start)
        for done in range(0, count, 1 << 20):
            opened.write(bytes(min(1 << 20, count - done)))


def _decode_all(faces, size, crop, array):
    """Fill `array` with the pictures.

    Returns:
        {name: why} of the pictures that cannot be decoded, and {note: how often} of the conversions.
    """

    def try_to_decode(source):
        try:
            return decode(source, size, crop)
        except (OSError, ValueError) as error:
            return None, str(error).replace(str(source), "it")

    skipped, converted = {}, collections.Counter()
    sources, starts = iter(faces.open_pictures()), range(0, len(array), CHUNK)
    with without_size_warnings(), concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in tell_time_left(starts, f"Decoding {len(array):,} pictures of {faces}"):
            for row, (picture, notes) in enumerate(pool.map(try_to_decode, itertools.islice(sources, CHUNK)), start):
                if picture is None:
                    skipped[faces.names[row]] = notes
                else:
                    array[row] = picture
                    converted.update(notes)
    return skipped, dict(converted)


def _delete_stale(series, array_file):
    """Delete what was made of earlier states of the same folder, and what killed builds of any folder left behind."""
    folder = array_file.parent
    outdated = {file for file in folder.glob(f"{series}-*") if not file.name.startswith(array_file.stem)}
    for file in (*outdated, *folder.glob(".[0-9]*x[0-9]*-*-*-*")):
        try:
            if file in outdated or _is_dead(file):
                file.unlink()
        except OSError as error:
            logger.info("Could not delete the outdated %s: %s", file, error)


def _is_dead(file):
    """Whether nobody is writing an unfinished file any more.

    The lock of an array goes with its process. Where there are no locks, and for what is still empty and may just
    have been made, an hour is taken for enough.
    """
    state = file.stat()
    if fcntl and state.st_size and file.suffix == ".npy":
        with open(file, "rb") as opened, contextlib.suppress(OSError):
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                return False
    return state.st_mtime < time.time() - 3_600


def _some(skipped):
    named = "; ".join(f"{name} ({why})" for name, why in itertools.islice(skipped.items(), 3))
    return named + ("; ..." if len(skipped) > 3 else "")
