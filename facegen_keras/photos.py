"""A user's own photograph, framed as CelebA frames its faces."""

import importlib.util
import io
import os
import warnings

import numpy as np
from PIL import Image

from facegen_keras.picture_cache import CELEBA_SIZE, check_size, cut_centre, upright_rgb

MEGAPIXELS = 100  # a larger picture is refused: opening it could take all memory
SEARCHED = 1_024  # pixels of the longer side: more would not help to find a face
# Where OpenCV's frontal face cascade finds the faces of CelebA, in its 178x218 pixels (medians of 479).
FACE_CENTRE, FACE_WIDTH = (89.0, 123.5), 105.0


def load_photo(source, image_size=64, crop=148):
    """Load a picture of a face, framed as `load_faces` frames CelebA's.

    With OpenCV installed (`pip install "opencv-python-headless<5"`) the largest frontal face is found and brought to
    where CelebA's faces are, in size to about a tenth; without it, or where no face is found, the centre is taken.

    Args:
        source: a path, the bytes of a picture file, an open binary file, or a PIL image; of any size and mode.
        image_size: the side in pixels, or (height, width).
        crop: width of the crop in CelebA's 178x218 pixels, as for `load_faces`.

    Returns:
        uint8 array (height, width, 3), and a sentence that says how it was framed.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no picture, is cut short, or has more than 100 megapixels.
    """
    size = check_size(image_size, crop)
    picture = _open(source)
    if (face := _find_face(picture)) is not None:
        return _frame(picture, face, size, crop), "Framed by the face that was found."
    why = "no face was found" if _has_detector() else "no face detector is installed (opencv-python-headless)"
    return cut_centre(picture, size, crop), f"Framed by its centre: {why}."


def load_photos(sources, image_size=64, crop=148):
    """`load_photo` of several: uint8 array (count, height, width, 3)."""
    return np.stack([load_photo(source, image_size, crop)[0] for source in sources])


def _open(source):
    """An upright RGB image of bounded size."""
    name = str(source) if isinstance(source, (str, os.PathLike)) else "The picture"
    source = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = source if isinstance(source, Image.Image) else Image.open(source)
        if opened.width * opened.height > MEGAPIXELS * 1_000_000:
            raise ValueError(
                f"{name} has {opened.width:,} x {opened.height:,} pixels: expected at most {MEGAPIXELS} megapixels; "
                "make it smaller."
            )
        opened.draft("RGB", (SEARCHED, SEARCHED))  # a JPEG is decoded no larger than it is needed
        picture, _ = upright_rgb(opened)
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{name} cannot be read as a picture ({error}): expected a JPEG, PNG or the like.") from error
    picture.thumbnail((SEARCHED, SEARCHED), Image.Resampling.LANCZOS)
    return picture


def _has_detector():
    return importlib.util.find_spec("cv2") is not None


def _find_face(picture):
    """The largest frontal face, (centre x, centre y, width) in pixels; None where there is none, or no detector."""
    if not _has_detector():
        return None
    import cv2

    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    grey = cv2.equalizeHist(np.asarray(picture.convert("L")))
    least = max(24, min(picture.size) // 8)
    faces = cascade.detectMultiScale(grey, 1.1, 5, minSize=(least, least))
    if not len(faces):
        return None
    x, y, width, height = max(faces, key=lambda face: face[2])
    return x + width / 2, y + height / 2, float(width)


def _frame(picture, face, size, crop):
    """Cut the box that puts the face where CelebA's are; beyond the picture's edge, its last pixels are repeated."""
    scale = face[2] / FACE_WIDTH
    centre = [at + (half / 2 - usual) * scale for at, usual, half in zip(face, FACE_CENTRE, CELEBA_SIZE)]
    width, height = crop * scale, crop * scale * size[0] / size[1]
    left, top = centre[0] - width / 2, centre[1] - height / 2
    edge = int(np.ceil(max(0, -left, -top, left + width - picture.width, top + height - picture.height)))
    padded = Image.fromarray(np.pad(np.asarray(picture), ((edge, edge), (edge, edge), (0, 0)), mode="edge"))
    box = (left + edge, top + edge, left + edge + width, top + edge + height)
    return np.asarray(padded.resize(size[::-1], Image.Resampling.LANCZOS, box=box))
