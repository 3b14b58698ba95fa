"""What a history of edits is made of."""

import dataclasses

import numpy as np
from PIL import Image

from facegen_keras.editing.portrait import VIEW, Portrait


@dataclasses.dataclass(frozen=True, eq=False)
class Start:
    """What edits begin with: a face that was drawn, or one of a photograph."""

    picture: np.ndarray  # uint8 (H, W, 3): the face as it came
    latents: np.ndarray  # float32 (1, *latent.shape)
    strengths: dict  # name -> what the face shows, in [0, 1], for all attributes of the generator
    unchanged: np.ndarray  # uint8 (H, W, 3): what stands for the face while nothing is changed
    portrait: Portrait | None = None  # the face of the photograph, if it is one

    @property
    def is_redrawn(self):
        """Whether a network drew anew what came, instead of changing it."""
        return self.unchanged is not self.picture

    @property
    def view(self):
        """The face as it came, as it is shown: a PIL image, larger than the generator's pictures."""
        if self.portrait is None:
            return _enlarge(self.picture)
        return self.portrait.sharp if self.is_redrawn else self.portrait.view[0]


@dataclasses.dataclass(frozen=True, eq=False)
class Edit:
    """One step of the history: the picture, and what it was drawn from."""

    start: Start
    strengths: dict  # name -> strength in [0, 1], for all attributes of the generator
    picture: np.ndarray  # uint8 (H, W, 3)
    changed: str  # what made it: names of attributes, "new face" or "photograph"

    @property
    def changes(self):
        """The strengths that differ from those of the start, by name."""
        return {name: value for name, value in self.strengths.items() if value != self.start.strengths[name]}

    @property
    def view(self):
        """The picture as it is shown; a photograph that is changed itself is shown with what is around the face."""
        if self.start.portrait is None or self.start.is_redrawn:
            return _enlarge(self.picture)
        return self.start.portrait.change_view(self.start.unchanged, self.picture)

    @property
    def is_untouched(self):
        """Whether the picture is the photograph itself, which no network has changed."""
        return self.start.portrait is not None and self.picture is self.start.picture

    @property
    def described(self):
        """A sentence on what was made, for the metadata of a picture."""
        changes = ", ".join(f"{name} {strength:.2f}" for name, strength in self.changes.items())
        made = "A photograph" if self.start.portrait else "A face drawn by a network"
        if self.start.is_redrawn:
            made += ", redrawn by a network"
        return f"{made}, edited with facegen_keras: {changes}" if changes else f"{made}: nothing was changed"


def _enlarge(picture):
    """A picture (H, W, 3) as a PIL image of `VIEW` pixels."""
    scale = VIEW / max(picture.shape[:2])
    return Image.fromarray(picture).resize(
        [round(scale * side) for side in picture.shape[1::-1]], Image.Resampling.BICUBIC
    )
