"""A user's own photographs: their faces, framed as CelebA frames its own, and changes laid back over the originals."""

import io
import os

import numpy as np
from PIL import Image

from facegen_keras.checks import check_whole
from facegen_keras.data.face_places import CELEBA_LANDMARKS, FacePlace
from facegen_keras.data.images import CELEBA_SIZE, CROP, check_size, open_upright, without_size_warnings
from facegen_keras.data.landmarks import explain_missing_detector, find_landmarks

SEARCHED = 800_000  # pixels: a photograph is searched at this size, in under half a second
FACES = 24  # the most faces of one photograph
NEAR = 40  # CelebA's pixels, half a face's width: landmarks nearer to each other than this are of one face
FADE = 0.1  # of the crop's sides: there a change fades out
BAND = 500_000  # pixels of the photograph that are changed at a time, which bounds the memory


def open_photo(source):
    """Open a photograph upright and in its full size.

    Args:
        source: a path, the bytes of a picture file, an open binary file, or a PIL image, which is left as it is. Of an
            animation the first picture is taken.

    Returns:
        A PIL image, RGB. Its colour profile is kept; EXIF, which may tell the place, is not.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no picture, is cut short, or has more than 100 megapixels.
    """
    name = _name(source)
    source = io.BytesIO(source) if isinstance(source, (bytes, bytearray, memoryview)) else source
    with without_size_warnings():
        return open_upright(source, name)[0]


def find_faces(photo):
    """Find the faces in a photograph, and turn each upright.

    The photograph is searched at 0.8 megapixels or less, for faces that are 20 pixels wide at that size or wider. Then
    each face is cut out upright and found again, which is what makes a tilted head's place exact.

    Args:
        photo: a PIL image, RGB.

    Returns:
        A list of `FacePlace`, the largest face first; at most 24. It is empty where no face is found, and where the
        detector is not installed (the extra `photos`).
    """
    if explain_missing_detector():
        return []
    shrink = min(1, (SEARCHED / (photo.width * photo.height)) ** 0.5)
    searched = photo.resize([max(1, round(side * shrink)) for side in photo.size], Image.Resampling.BILINEAR, None, 2.0)
    (found,) = find_landmarks(np.asarray(searched)[None])
    rough = [FacePlace.of_landmarks(points * np.divide(photo.size, searched.size)) for points in found]
    places = []
    for place in _largest_first(_look_again(photo, _largest_first(rough)[:FACES])):
        apart = [np.linalg.norm((place.landmarks - other.landmarks).mean(0)) / other.scale for other in places]
        if min(apart, default=NEAR) >= NEAR:  # else it is one face, found twice
            places.append(place)
    return places


def choose_face(photo, size, crop, face=0, name="The picture"):
    """Find the faces in a photograph and choose one; without a face, take its centre.

    Args:
        photo: a PIL image, RGB.
        size: (height, width) of the picture that is to be cut.
        crop: as for `load_faces`; None takes the whole photograph and looks for no face.
        face: which face, 0 being the largest.
        name: what errors call the photograph.

    Returns:
        A `FacePlace`, and a sentence that says how it was found.

    Raises:
        ValueError: the crop does not fit, or there is no such face.
    """
    centre = FacePlace.centre_of(photo, size, crop)
    places = [] if crop is None else find_faces(photo)
    if check_whole("face", face, 0) >= max(1, len(places)):
        there = f"it has {len(places)}, and 0 is the largest" if places else "none was found, and 0 takes the centre"
        raise ValueError(f"{name} has no face={face}: {there}.")
    if places:
        of = "the face that was" if len(places) == 1 else f"face {face} (0 is the largest) of {len(places)} that were"
        return places[face], f"Framed by {of} found."
    if crop is None:
        return centre, "The whole picture was taken, without framing."
    return centre, f"Framed by its centre: {explain_missing_detector() or 'no face was found'}."


def load_photo(source, image_size=64, crop=CROP, face=0):
    """Load a picture of a face, framed as `load_faces` frames CelebA's.

    With the extra `photos` (`pip install "mtcnn>=1.0,<2"`) the faces are found by their eyes, noses and mouths; the
    largest, or the one that you choose, is turned upright and moved to where CelebA's faces are. Without it, or where
    no face is found, the centre is taken.

    Args:
        source: a path, the bytes of a picture file, an open binary file, or a PIL image; of any size and mode.
        image_size: the side in pixels, or (height, width).
        crop: width of the crop in CelebA's 178x218 pixels, as for `load_faces`; None takes the whole picture and looks
            for no face.
        face: which of several faces, from 0, the largest.

    Returns:
        uint8 array (height, width, 3), and a sentence that says how the picture was framed, and how many faces were
        found if there are several.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no picture, is cut short, or has more than 100 megapixels; or there is no such face.
    """
    size = check_size(image_size, crop)
    photo = open_photo(source)
    place, how = choose_face(photo, size, crop, face, _name(source))
    return cut_face(photo, place, size, crop), how


def cut_face(photo, place, size, crop):
    """Cut a face out of a photograph, turned upright and framed as `load_faces` frames CelebA's.

    Args:
        photo: a PIL image, RGB.
        place: a `FacePlace` in it.
        size: (height, width) of the result.
        crop: width of the crop in CelebA's 178x218 pixels; None takes all of them.

    Returns:
        uint8 array (height, width, 3). Beyond the photograph's edge, its last pixels are repeated.

    Raises:
        ValueError: the crop does not fit.
    """
    frame = place.frame(size, crop)
    steps = np.hypot(*frame[:, :2])  # the photograph's pixels for each of the small picture's, across and down
    reduced = max(1, int(steps.min() / 3))
    start, stop = _bounds(frame, size, margin=3 * reduced)
    inside = np.clip([start, stop], 0, np.subtract(photo.size, [[1, 1], [0, 0]]))
    inside[1] = np.maximum(inside[1], inside[0] + 1)
    pixels = np.asarray(photo.reduce(reduced, tuple(map(int, inside.ravel()))))
    before, after = np.maximum(0, [-((start - inside[0]) // reduced), -((inside[1] - stop) // reduced)])
    pixels = np.pad(pixels, ((before[1], after[1]), (before[0], after[0]), (0, 0)), mode="edge")
    # Turn it at its own resolution, then shrink it with antialiasing.
    finer = np.ceil(steps / reduced).astype(int)
    to_pixels = np.c_[frame[:, :2] / finer, frame[:, 2] - inside[0] + before * reduced] / reduced
    turned = _transform(Image.fromarray(pixels), finer * size[::-1], to_pixels)
    return np.asarray(turned.resize(size[::-1], Image.Resampling.LANCZOS))


def paste_change(photo, place, before, after, crop):
    """Lay what was changed in a small picture of a face over the photograph that it was cut from.

    The difference of the two small pictures is enlarged, turned back, faded out at the border of the crop and added to
    the photograph's own pixels. So the result is as large as the photograph and keeps its pores and hairs; but the
    change itself is only as sharp as the small pictures: at 64 pixels, one of theirs covers about 10 of a face that is
    400 wide. New glasses are blurred, and what is taken away leaves its finest lines, such as the rims of glasses.

    Args:
        photo: a PIL image, RGB.
        place: the `FacePlace` that the small pictures were cut at.
        before: uint8 array (H, W, 3): the small picture without the change.
        after: uint8 array (H, W, 3): the small picture with it.
        crop: the crop that it was cut with.

    Returns:
        A PIL image of the photograph's size. Pixels that nothing was changed near to are those of the photograph.

    Raises:
        ValueError: the crop does not fit.
    """
    size = before.shape[:2]
    frame = place.frame(size, crop)
    change = (after.astype(np.float32) - before) * np.outer(*map(_fade, size))[..., None]
    steps = np.hypot(*frame[:, :2])
    shrunk = np.ceil(size[::-1] * np.minimum(steps, 1)).astype(int)  # where the face is smaller in the photograph
    channels = [
        Image.fromarray(channel).resize(shrunk, Image.Resampling.BICUBIC) for channel in np.moveaxis(change, 2, 0)
    ]
    channels = [Image.fromarray(np.pad(channel, 2)) for channel in channels]
    to_change = np.linalg.inv(frame[:, :2] * size[::-1] / shrunk)
    (left, top), (right, bottom) = np.clip(_bounds(frame, size, 2 * steps.max()), 0, photo.size)
    result = photo.copy()
    rows = max(1, BAND // max(1, right - left))
    for start in range(top, bottom, rows):
        box = (left, start, right, min(start + rows, bottom))
        shift = to_change @ (box[:2] - frame[:, 2]) + 2
        band = photo.crop(box)
        added = [_transform(channel, band.size, np.c_[to_change, shift]) for channel in channels]
        changed = np.rint(np.asarray(band) + np.stack(added, axis=2))
        result.paste(Image.fromarray(np.clip(changed, 0, 255).astype(np.uint8)), box[:2])
    return result


def _name(source):
    """What errors call a photograph."""
    name = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
    return os.fspath(name) if isinstance(name, (str, os.PathLike)) else "The picture"


def _largest_first(places):
    return sorted(places, key=lambda place: place.scale, reverse=True)


def _look_again(photo, places):
    """The same faces, each found again in its own upright cut; those that are not there are left out."""
    if not places:
        return []
    upright = [cut_face(photo, place, CELEBA_SIZE[::-1], None) for place in places]
    again = []
    for place, faces in zip(places, find_landmarks(np.stack(upright))):
        apart = [np.linalg.norm((points - CELEBA_LANDMARKS).mean(0)) for points in faces]
        if min(apart, default=NEAR) < NEAR:
            points = faces[np.argmin(apart)]
            again.append(FacePlace.of_landmarks(points @ place.transform[:, :2].T + place.transform[:, 2]))
    return again


def _bounds(frame, size, margin):
    """The box of a small picture in the photograph, as ints ((left, top), (right, bottom)), and more on each side."""
    height, width = size
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)]) @ frame[:, :2].T + frame[:, 2]
    return np.array([np.floor(corners.min(0) - margin), np.ceil(corners.max(0) + margin)]).astype(int)


def _transform(image, size, matrix):
    """An image of (width, height) `size`, whose pixels `matrix` (2, 3) takes to those of `image`."""
    return image.transform(tuple(size), Image.Transform.AFFINE, tuple(matrix.ravel()), Image.Resampling.BICUBIC)


def _fade(side):
    """Weights (side,) that are 1 within and fall smoothly to 0 at both ends."""
    from_end = (np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5) / side
    share = np.clip(from_end / FADE, 0, 1).astype(np.float32)
    return share**2 * (3 - 2 * share)
