"""One face of a photograph: cut out for the generator, shown on the page, and laid back into the photograph."""

import dataclasses
import functools
import io

from PIL import Image

from facegen_keras.data.face_places import FacePlace
from facegen_keras.data.images import CELEBA_SIZE, without_size_warnings
from facegen_keras.data.landmarks import explain_missing_detector
from facegen_keras.data.photos import cut_face, find_faces, open_photo, paste_change

VIEW, THUMBNAIL = 512, 64  # pixels of the longer side of what is shown, large and small
SURROUNDED = 1.25  # what is shown around a face, in widths of what the generator sees


@dataclasses.dataclass(frozen=True, eq=False)
class Portrait:
    """One face of a photograph.

    Args:
        photo: RGB PIL image in full size, upright.
        places: a `FacePlace` for each face that was found, largest first; empty where none was.
        face: which of them, from 0; ignored where there is none, and the photograph's centre is taken.
        size: (height, width) that the generator sees.
        crop: how its faces are framed; None for whole pictures, whose face is not looked for.
        format: "PNG" or "JPEG", as the photograph came.

    Raises:
        ValueError: there is no such face.
    """

    photo: Image.Image
    places: tuple
    face: int
    size: tuple
    crop: float | None
    format: str

    def __post_init__(self):
        count = max(len(self.places), 1)
        if self.face not in range(count):
            raise ValueError(f"face={self.face}: this photograph has {count}, so expected 0 to {count - 1}.")

    @classmethod
    def open(cls, source, face, size, crop):
        """Open whatever `load_photo` opens, and find its faces."""
        photo = open_photo(source)
        return cls(photo, tuple(find_faces(photo) if crop else ()), face, size, crop, _format_of(source))

    @functools.cached_property
    def picture(self):
        """The face as the generator sees it: uint8 (H, W, 3)."""
        return cut_face(self.photo, self._place, self.size, self.crop)

    @property
    def is_guess(self):
        """Whether a face was looked for in vain, so that the middle of the picture stands for it."""
        return self.crop is not None and not self.places

    @property
    def framed(self):
        """A sentence on how the face was cut out."""
        if self.crop is None:
            return "The whole picture was taken."
        if self.is_guess:
            return f"The middle of the picture was taken: {explain_missing_detector() or 'no face was found'}."
        count = len(self.places)
        return "One face was found." if count == 1 else f"{count} faces were found; this is number {self.face + 1}."

    @functools.cached_property
    def thumbnails(self):
        """All faces that were found, as PIL images of `THUMBNAIL` pixels."""
        return [dataclasses.replace(self, face=i)._resized(THUMBNAIL) for i in range(len(self.places))]

    @functools.cached_property
    def sharp(self):
        """What the generator sees, as sharp as the photograph: a PIL image of `VIEW` pixels."""
        return self._resized(VIEW)

    @functools.cached_property
    def view(self):
        """The face with what is around it, of `VIEW` pixels at most: a PIL image, and the face's `FacePlace` in it."""
        if self.crop is None:
            view = self.photo.copy()
            view.thumbnail((VIEW, VIEW), Image.Resampling.LANCZOS)
            return view, FacePlace.centre_of(view, self.size, None)
        centre = self._place.transform @ [CELEBA_SIZE[0] / 2, CELEBA_SIZE[1] / 2, 1]
        side = SURROUNDED * self.crop * self._place.scale
        box = []
        for middle, length in zip(centre, self.photo.size):
            start = round(min(max(middle - side / 2, 0), max(length - side, 0)))
            box.append((start, min(round(start + side), length)))
        (left, right), (top, bottom) = box
        view = self.photo.crop((left, top, right, bottom))
        view.thumbnail((VIEW, VIEW), Image.Resampling.LANCZOS)
        moved = self._place.transform - [[0, 0, left], [0, 0, top]]
        return view, FacePlace(moved * view.width / (right - left), None)

    def change_view(self, before, after):
        """What is shown, with the difference of two pictures (H, W, 3) of the face laid over it: a PIL image."""
        return paste_change(*self.view, before, after, self.crop)

    def change_photo(self, before, after):
        """The photograph in full size, with the difference laid over it: a PIL image."""
        return paste_change(self.photo, self._place, before, after, self.crop)

    @property
    def _place(self):
        return self.places[self.face] if self.places else FacePlace.centre_of(self.photo, self.size, self.crop)

    def _resized(self, side):
        size = tuple(round(length * side / max(self.size)) for length in self.size)
        return Image.fromarray(cut_face(self.photo, self._place, size, self.crop))


def _format_of(source):
    """ "PNG" where a source that was opened before is one, else "JPEG"."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        source = io.BytesIO(source)
    if not isinstance(source, Image.Image):
        if hasattr(source, "seek"):
            source.seek(0)
        with without_size_warnings(), Image.open(source) as opened:
            return "PNG" if opened.format == "PNG" else "JPEG"
    return "PNG" if source.format == "PNG" else "JPEG"
