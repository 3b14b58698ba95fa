"""A user's own photograph, framed as CelebA frames its faces."""

import io
import os

import numpy as np
from PIL import Image

from facegen_keras.data.images import CELEBA_SIZE, CROP, check_size, cut_centre, open_upright, without_size_warnings

SEARCHED = 1_024  # pixels of the longer side: more would not help to find a face
# Where OpenCV's frontal face cascade finds the faces of CelebA, in its 178x218 pixels (medians of 479).
FACE_CENTRE, FACE_WIDTH = (89.0, 123.5), 105.0


def load_photo(source, image_size=64, crop=CROP):
    """Load a picture of a face, framed as `load_faces` frames CelebA's.

    With OpenCV installed (`pip install "opencv-python-headless<5"`) the largest frontal face is found and moved to
    where CelebA's faces are; its size is right to about a tenth. Without OpenCV, or where no face is found, the
    centre is taken.

    Args:
        source: a path, the bytes of a picture file, an open binary file, or a PIL image; of any size and mode.
        image_size: the side in pixels, or (height, width).
        crop: width of the crop in CelebA's 178x218 pixels, as for `load_faces`; None takes the whole picture and looks
            for no face.

    Returns:
        uint8 array (height, width, 3), and a sentence that says how the picture was framed.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no picture, is cut short, or has more than 100 megapixels.
    """
    size = check_size(image_size, crop)
    picture = _open(source)
    if crop is None:
        return cut_centre(picture, size, None), "The whole picture was taken, without framing."
    detector, why = _load_detector()
    face = _find_face(picture, detector) if detector else None
    if face is None:
        return cut_centre(picture, size, crop), f"Framed by its centre: {why or 'no face was found'}."
    return _frame(picture, face, size, crop), "Framed by the face that was found."


def _open(source):
    """An upright RGB image of bounded size."""
    name = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
    name = os.fspath(name) if isinstance(name, (str, os.PathLike)) else "The picture"
    source = io.BytesIO(source) if isinstance(source, (bytes, bytearray, memoryview)) else source
    with without_size_warnings():
        picture, _ = open_upright(source, name, SEARCHED)
    picture.thumbnail((SEARCHED, SEARCHED), Image.Resampling.LANCZOS)
    return picture


def _load_detector():
    """OpenCV's detector of frontal faces and None, or None and why there is none."""
    try:
        import cv2
    except ImportError:
        return None, "no face detector is installed (opencv-python-headless)"
    if not hasattr(cv2, "CascadeClassifier"):
        return None, f'OpenCV {cv2.__version__} has no Haar cascades (pip install "opencv-python-headless<5")'
    return cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml"), None


def _find_face(picture, detector):
    """The largest frontal face as (left, top, width, height) in pixels; None where there is none."""
    import cv2

    grey = cv2.equalizeHist(np.asarray(picture.convert("L")))
    least = max(24, min(picture.size) // 8)
    faces = detector.detectMultiScale(grey, 1.1, 5, minSize=(least, least))
    return max(faces, key=lambda face: face[2]) if len(faces) else None


def _frame(picture, face, size, crop):
    """Cut the box that puts the face where CelebA's are; beyond the picture's edge, its last pixels are repeated."""
    face_left, face_top, face_width, face_height = map(float, face)
    scale = face_width / FACE_WIDTH
    centre_x = face_left + face_width / 2 + (CELEBA_SIZE[0] / 2 - FACE_CENTRE[0]) * scale
    centre_y = face_top + face_height / 2 + (CELEBA_SIZE[1] / 2 - FACE_CENTRE[1]) * scale
    width, height = crop * scale, crop * scale * size[0] / size[1]
    left, top = centre_x - width / 2, centre_y - height / 2
    edge = int(np.ceil(max(0, -left, -top, left + width - picture.width, top + height - picture.height)))
    padded = Image.fromarray(np.pad(np.asarray(picture), ((edge, edge), (edge, edge), (0, 0)), mode="edge"))
    box = (left + edge, top + edge, left + edge + width, top + edge + height)
    return np.asarray(padded.resize(size[::-1], Image.Resampling.LANCZOS, box=box))
