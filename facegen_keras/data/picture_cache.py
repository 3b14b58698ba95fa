"""Pictures cropped, resized and decoded once, kept as one memory-mapped array of uint8."""

import collections
import concurrent.futures
import itertools
import json
import logging
import os
import shutil
import time

import numpy as np

from facegen_keras.data.folder import cache_folder, hash_of
from facegen_keras.data.images import CROP, check_size, decode
from facegen_keras.files import write_atomically

logger = logging.getLogger(__name__)

DECODING = 1  # raise it whenever the same picture would be decoded to other values
CHUNK = 1_024  # pictures decoded between two looks at the clock


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
    made_from = {"pictures": str(faces.pictures.resolve()), "image_size": size, "crop": crop, "decoding": DECODING}
    series = f"{size[0]}x{size[1]}-{hash_of(made_from)}"
    array_file = cache_folder() / f"{series}-{faces.fingerprint}.npy"
    report = _read_report(array_file)
    if report is None:
        report = _build(faces, size, crop, array_file, made_from)
        _delete_stale(series, array_file)
    if skipped := report["skipped"]:
        logger.warning("%s: %d pictures cannot be decoded and are left out: %s", faces, len(skipped), _some(skipped))
    pictures = np.load(array_file, mmap_mode="r")
    return pictures, ~np.isin(faces.names, list(skipped))


def _report_of(array_file):
    return array_file.with_suffix(".json")


def _read_report(array_file):
    """The report of a complete array; None if there is none. It is written after the array."""
    try:
        report = json.loads(_report_of(array_file).read_text(encoding="utf-8"))
        array = np.load(array_file, mmap_mode="r")
        return report if len(array) == report["count"] else None
    except (OSError, ValueError, KeyError):
        return None


def _build(faces, size, crop, array_file, made_from):
    shape = (len(faces.names), *size, 3)
    needed, free = int(np.prod(shape)), shutil.disk_usage(array_file.parent).free
    if needed > free:
        raise OSError(
            f"{array_file.parent}: {shape[0]:,} decoded pictures need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are "
            "free. Make room, or set FACEGEN_CACHE to a folder on another disk."
        )
    with write_atomically(array_file) as unfinished:
        array = np.lib.format.open_memmap(unfinished, "w+", np.uint8, shape)
        skipped, converted = _decode_all(faces, size, crop, array)
        if 2 * len(skipped) > len(array):
            raise ValueError(
                f"{faces}: {len(skipped):,} of {len(array):,} pictures cannot be decoded, such as {_some(skipped)}. "
                "Download or unpack them again."
            )
        array.flush()
        del array
    report = {**made_from, "count": shape[0], "converted": converted, "skipped": skipped}
    with write_atomically(_report_of(array_file)) as unfinished:
        unfinished.write_text(json.dumps(report, indent=1), encoding="utf-8")
    logger.info(
        "Decoded %d pictures to %dx%d, once%s", shape[0] - len(skipped), *size, f" ({converted})" if converted else ""
    )
    return report


def _decode_all(faces, size, crop, array):
    """Fill `array` with the pictures.

    Returns:
        {name: why} of the pictures that cannot be decoded, and {note: how often} of the conversions.
    """

    def try_to_decode(source):
        try:
            return decode(source, size, crop)
        except Exception as error:  # Pillow raises many kinds for broken files; the report names each
            return None, f"{type(error).__name__}: {error}".replace(str(source), "the file")

    skipped, converted = {}, collections.Counter()
    sources, reported = iter(faces.open_pictures()), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(array), CHUNK):
            for row, (picture, notes) in enumerate(pool.map(try_to_decode, itertools.islice(sources, CHUNK)), start):
                if picture is None:
                    skipped[faces.names[row]] = notes
                else:
                    array[row] = picture
                    converted.update(notes)
            if time.monotonic() - reported > 10:
                reported = time.monotonic()
                logger.info("Decoding %s: %d of %d pictures", faces, start + CHUNK, len(array))
    return skipped, dict(converted)


def _delete_stale(series, array_file):
    """Delete what was made of earlier states of the same folder, and what killed builds left behind."""
    folder, an_hour_ago = array_file.parent, time.time() - 3_600
    outdated = [file for file in folder.glob(f"{series}-*") if not file.name.startswith(array_file.stem)]
    for file in (*outdated, *folder.glob(f".{series}-*")):
        try:
            if file in outdated or file.stat().st_mtime < an_hour_ago:  # a younger one may be under way
                file.unlink()
        except OSError as error:
            logger.info("Could not delete the outdated %s: %s", file, error)


def _some(skipped):
    named = "; ".join(f"{name} ({why})" for name, why in itertools.islice(skipped.items(), 3))
    return named + ("; ..." if len(skipped) > 3 else "")
