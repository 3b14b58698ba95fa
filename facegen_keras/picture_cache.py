"""Pictures cropped, resized and decoded once, kept as one memory-mapped array of uint8."""

import collections
import concurrent.futures
import itertools
import json
import logging
import math
import os
import shutil
import time
import uuid

import numpy as np
from PIL import Image, ImageOps

from facegen_keras.layouts import cache_folder, hash_of

logger = logging.getLogger(__name__)

CELEBA_SIZE = (178, 218)
DECODING = 1  # raise it whenever the same picture would be decoded to other values
CHUNK = 1_024


def check_size(image_size, crop):
    """Return `image_size` as (height, width), after a check that the crop fits CelebA's 178x218 pixels."""
    size = tuple(image_size) if isinstance(image_size, (tuple, list)) else (image_size, image_size)
    if len(size) != 2 or not all(isinstance(side, (int, np.integer)) and side > 0 for side in size):
        raise ValueError(f"image_size={image_size!r}: expected a positive int, or (height, width).")
    height, width = map(int, size)
    if crop is not None and not (0 < crop <= CELEBA_SIZE[0] and crop * height / width <= CELEBA_SIZE[1]):
        largest = math.floor(min(CELEBA_SIZE[0], CELEBA_SIZE[1] * width / height))
        raise ValueError(
            f"crop={crop!r} with image_size={image_size!r} is a box of {crop} x {crop * height / width:.0f} pixels, "
            f"which must fit CelebA's 178 x 218. Take a crop from 1 to {largest}, or None for the whole picture."
        )
    return height, width


def read_picture(source, image_size=64, crop=148):
    """Read one picture as the models see it: upright, RGB, the centred face crop, resized with antialiasing.

    Args:
        source: a path or an open binary file.
        image_size: the side in pixels, or (height, width).
        crop: width of the centred box in CelebA's 178x218 pixels (108, 128, 148 and 178 are usual); its height
            follows from `image_size`. In a picture of another size the box is scaled in proportion. None takes the
            whole picture.

    Returns:
        uint8 array (height, width, 3).

    Raises:
        ValueError: the crop does not fit.
        OSError: the file is no picture, or is cut short.
    """
    return _decode(source, check_size(image_size, crop), crop)[0]


def upright_rgb(opened):
    """A PIL image of any mode as an upright RGB image, and notes on what had to be mended; OSError if it is broken."""
    picture = ImageOps.exif_transpose(opened)
    notes = [f"{opened.mode} to RGB"] if opened.mode != "RGB" else []
    notes += ["turned upright"] if opened.getexif().get(0x0112, 1) != 1 else []
    if picture.mode.startswith("I"):  # 16 bits a pixel
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return picture.convert("RGB"), notes


def _decode(source, size, crop):
    """The picture (H, W, 3), and notes on what had to be mended."""
    with Image.open(source) as opened:
        picture, notes = upright_rgb(opened)
    return cut_centre(picture, size, crop), notes


def cut_centre(picture, size, crop):
    """The centred crop of an RGB image, as `read_picture` describes it: uint8 (H, W, 3)."""
    box = (0, 0, *picture.size)
    if crop is not None:
        scale = min(side / celeba for side, celeba in zip(picture.size, CELEBA_SIZE))
        width, height = crop * scale, crop * scale * size[0] / size[1]
        left, top = (picture.width - width) / 2, (picture.height - height) / 2
        # Cut to whole pixels first: the filter must not see what lies outside the box.
        outer = math.floor(left), math.floor(top), math.ceil(left + width), math.ceil(top + height)
        picture = picture.crop(outer)
        left, top = left - outer[0], top - outer[1]
        box = (left, top, min(left + width, picture.width), min(top + height, picture.height))
    return np.asarray(picture.resize(size[::-1], Image.Resampling.LANCZOS, box=box, reducing_gap=3.0))


def load_pictures(faces, image_size=64, crop=148):
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


def _read_report(array_file):
    """The report of a complete array; None if there is none. It is written last."""
    try:
        report = json.loads(array_file.with_suffix(".json").read_text(encoding="utf-8"))
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
    temporary = array_file.with_suffix(f".{uuid.uuid4().hex}.tmp")
    try:
        array = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
        skipped, mended = _decode_all(faces, size, crop, array)
        if 2 * len(skipped) > len(array):
            raise ValueError(
                f"{faces}: {len(skipped):,} of {len(array):,} pictures cannot be decoded, such as {_some(skipped)}. "
                "Download or unpack them again."
            )
        array.flush()
        del array
        os.replace(temporary, array_file)
        report = {**made_from, "count": shape[0], "mended": mended, "skipped": skipped}
        temporary.write_text(json.dumps(report, indent=1), encoding="utf-8")
        os.replace(temporary, array_file.with_suffix(".json"))
    finally:
        temporary.unlink(missing_ok=True)
    logger.info(
        "Decoded %d pictures to %dx%d, once%s", shape[0] - len(skipped), *size, f" ({mended})" if mended else ""
    )
    return report


def _decode_all(faces, size, crop, array):
    """Fill `array`; return {name: why} of the pictures skipped, and {what was done: how often} of those mended."""

    def decode(source):
        try:
            return _decode(source, size, crop)
        except Exception as error:  # Pillow raises many kinds for broken files; the report names each
            return None, f"{type(error).__name__}: {error}".replace(str(source), "the file")

    skipped, mended = {}, collections.Counter()
    sources, reported = iter(faces.open_pictures()), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(array), CHUNK):
            for row, (picture, notes) in enumerate(pool.map(decode, itertools.islice(sources, CHUNK)), start):
                if picture is None:
                    skipped[faces.names[row]] = notes
                else:
                    array[row] = picture
                    mended.update(notes)
            if time.monotonic() - reported > 10:
                reported = time.monotonic()
                logger.info("Decoding %s: %d of %d pictures", faces, start + CHUNK, len(array))
    return skipped, dict(mended)


def _delete_stale(series, array_file):
    """Delete what was made of earlier states of the same folder, and what interrupted builds left behind."""
    for file in array_file.parent.glob(f"{series}-*"):
        try:
            outdated = not file.name.startswith(array_file.stem)
            if time.time() - file.stat().st_mtime > 3_600 if file.suffix == ".tmp" else outdated:
                file.unlink()
        except OSError as error:
            logger.info("Could not delete the outdated %s: %s", file, error)


def _some(skipped):
    named = "; ".join(f"{name} ({why})" for name, why in itertools.islice(skipped.items(), 3))
    return named + ("; ..." if len(skipped) > 3 else "")
