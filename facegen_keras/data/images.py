"""Pictures as arrays: how each one is opened, cropped and resized."""

import contextlib
import math
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

CELEBA_SIZE = (178, 218)  # width and height of the aligned pictures
CROP = 148  # width of the centred crop that we take by default; FaceGen itself takes the whole picture
MEGAPIXELS = 100  # a larger picture is refused: opening it could take all memory


def check_size(image_size, crop):
    """Check that a crop fits CelebA's 178x218 pixels.

    Args:
        image_size: the side in pixels, or (height, width).
        crop: width of the crop in CelebA's pixels, or None for the whole picture.

    Returns:
        `image_size` as (height, width).

    Raises:
        ValueError: `image_size` is no size, or one of more than 100 megapixels; or the crop does not fit.
    """
    size = tuple(image_size) if isinstance(image_size, (tuple, list)) else (image_size, image_size)
    if len(size) != 2 or not all(isinstance(side, (int, np.integer)) and side > 0 for side in size):
        raise ValueError(f"image_size={image_size!r}: expected a positive int, or (height, width).")
    height, width = map(int, size)
    if height * width > MEGAPIXELS * 1_000_000:
        raise ValueError(f"image_size={image_size!r}: expected at most {MEGAPIXELS} megapixels, such as 64.")
    if crop is None:
        return height, width
    if not isinstance(crop, (int, float, np.number)):
        raise ValueError(f"crop={crop!r}: expected a width in CelebA's pixels such as {CROP}, or None for no crop.")
    if not (0 < crop <= CELEBA_SIZE[0] and crop * height / width <= CELEBA_SIZE[1]):
        largest = math.floor(min(CELEBA_SIZE[0], CELEBA_SIZE[1] * width / height))
        raise ValueError(
            f"crop={crop!r} with image_size={image_size!r} is a box of {crop} x {crop * height / width:.0f} pixels, "
            f"which must fit CelebA's 178 x 218. Take a crop from 1 to {largest}, or None for the whole picture."
        )
    return height, width


def read_picture(source, image_size=64, crop=CROP):
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
        FileNotFoundError: there is no such file.
        ValueError: the crop does not fit; or the file is no picture, is cut short, or has more than 100 megapixels.
    """
    with without_size_warnings():
        return decode(source, check_size(image_size, crop), crop)[0]


def decode(source, size, crop):
    """`read_picture`, with `size` already checked, to be called `without_size_warnings`.

    Returns:
        uint8 array (height, width, 3), and a list of notes on what was converted.
    """
    picture, notes = open_upright(source)
    return cut_centre(picture, size, crop), notes


@contextlib.contextmanager
def without_size_warnings():
    """Do not let Pillow warn of pictures over 89 megapixels: those over 100 are refused anyway.

    Warnings are filtered for the whole process: enter this before threads are started, not in them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def open_upright(source, name=None):
    """Open a picture of any size and mode as an upright RGB image.

    Args:
        source: a path, an open binary file, or a PIL image, which is left as it is.
        name: what errors call the picture; None takes `source`.

    Returns:
        The image, and a list of notes on what was converted.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no picture, is cut short, or has more than 100 megapixels.
    """
    name = source if name is None else name
    is_open = isinstance(source, Image.Image)
    try:
        with contextlib.nullcontext(source) if is_open else Image.open(source) as opened:
            if opened.width * opened.height > MEGAPIXELS * 1_000_000:
                raise ValueError(f"it has {opened.width:,} x {opened.height:,} pixels")
            return _upright_rgb(opened)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{name} is not there: give the path of a picture.") from error
    except MemoryError:  # that is not the picture's fault
        raise
    except Exception as error:  # Pillow raises many kinds for broken files
        known = {UnidentifiedImageError: "its format is unknown", Image.DecompressionBombError: "it is too large"}
        why = known.get(type(error), error)
        raise ValueError(
            f"{name} cannot be read as a picture ({why}): expected a JPEG, PNG or the like of at most {MEGAPIXELS} "
            "megapixels."
        ) from error


def _upright_rgb(opened):
    picture = ImageOps.exif_transpose(opened)
    notes = [f"{opened.mode} to RGB"] if opened.mode != "RGB" else []
    notes += ["turned upright"] if opened.getexif().get(0x0112, 1) != 1 else []
    if picture.mode.startswith("I"):  # 16 bits a pixel
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    picture = picture if picture.mode == "RGB" else picture.convert("RGB")
    # A profile of other colours, such as CMYK, would spoil what is saved; EXIF may tell where the picture was taken.
    kept = {"icc_profile"} & opened.info.keys() if opened.mode in ("RGB", "RGBA") else ()
    picture.info = {key: opened.info[key] for key in kept}
    return picture, notes


def cut_centre(picture, size, crop):
    """Crop an RGB image to its centre and resize it, as `read_picture` describes: uint8 (height, width, 3)."""
    box = (0, 0, *picture.size)
    if crop is not None:
        scale = min(side / celeba for side, celeba in zip(picture.size, CELEBA_SIZE))
        width, height = crop * scale, crop * scale * size[0] / size[1]
        left, top = (picture.width - width) / 2, (picture.height - height) / 2
        # Crop to whole pixels first: the filter must not see what lies outside the box.
        outer = math.floor(left), math.floor(top), math.ceil(left + width), math.ceil(top + height)
        picture = picture.crop(outer)
        left, top = left - outer[0], top - outer[1]
        box = (left, top, min(left + width, picture.width), min(top + height, picture.height))
    return np.asarray(picture.resize(size[::-1], Image.Resampling.LANCZOS, box=box, reducing_gap=3.0))


def to_size(pictures, size=(64, 64), resample="lanczos"):
    """Resize pictures with antialiasing; their proportions may change.

    Args:
        pictures: uint8 array (n, H, W, 3).
        size: (height, width).
        resample: the name of one of Pillow's filters, such as "lanczos" or "bicubic".

    Returns:
        uint8 array (n, height, width, 3); `pictures` itself if it has that size.

    Raises:
        ValueError: `pictures` is empty or no such array.
    """
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.dtype != np.uint8 or not len(pictures):
        raise ValueError(f"pictures is {pictures.dtype} {pictures.shape}: expected uint8 (count, H, W, 3), not empty.")
    if pictures.shape[1:3] == tuple(size):
        return pictures
    how = Image.Resampling[resample.upper()]
    return np.stack([Image.fromarray(picture).resize(size[::-1], how) for picture in pictures])
