"""The history of a face that is refined by hand: every edit keeps its picture and what it was drawn from."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from facegen_keras.data.attribute_statistics import implied_attributes
from facegen_keras.data.photos import load_photo
from facegen_keras.files import write_atomically
from facegen_keras.gan.conditions import require_attributes
from facegen_keras.gan.inversion import invert
from facegen_keras.gan.sampling import PLAIN_FACE
from facegen_keras.grids import grid

PREVIEW = 8  # the most faces that `strip` shows


@dataclasses.dataclass(frozen=True)
class Edit:
    """One step of the history: the picture, and what it was drawn from."""

    latents: np.ndarray  # float32 (1, *latent.shape)
    strengths: dict  # name -> strength in [0, 1], for all attributes of the generator
    picture: np.ndarray  # uint8 (H, W, 3)
    changed: str  # what made it: the name of an attribute, "new face" or "photograph"
    photograph: np.ndarray | None = None  # uint8 (H, W, 3): the photograph that this face started from, if any


class EditSession:
    """Refines a face step by step, with undo and redo. `refine_widget` shows it; it works without the widget too.

    Args:
        gan: a conditional `FaceGAN`.
        seed: seed of the first face; each new face takes the next seed.

    Raises:
        ValueError: the generator has no attributes.
    """

    def __init__(self, gan, seed=0):
        require_attributes(gan)
        self.gan, self.seed = gan, seed
        self.kept = None  # the Edit that is kept, or None
        strengths = {name: float(PLAIN_FACE.get(name, 0)) for name in gan.attributes}
        self.history, self.place = [self._draw(gan.sample_latents(1, seed), strengths, "new face")], 0

    @property
    def current(self):
        """The `Edit` that is shown."""
        return self.history[self.place]

    @property
    def before(self):
        """The picture to compare with: the kept face, else this face's photograph, else its first picture."""
        if self.kept is not None:
            return self.kept.picture
        if self.current.photograph is not None:
            return self.current.photograph
        return next(edit.picture for edit in self.history if edit.latents is self.current.latents)

    def change(self, name, strength):
        """Set the strength of one attribute, and the attributes that this implies (`implied_attributes`).

        Several changes of the same attribute in a row are one step of the history.

        Args:
            name: an attribute of the generator.
            strength: 0 (absent) to 1 (present).

        Raises:
            ValueError: the generator has no such attribute, or the strength is outside 0..1.
        """
        if name not in self.gan.attributes:
            self.gan.sample_attributes(1, {name: strength})  # raises, and lists the attributes that there are
        implied = implied_attributes({name: round(strength)})
        implied = {other: float(value) for other, value in implied.items() if other in self.gan.attributes}
        strengths = self.current.strengths | implied | {name: float(strength)}
        again = self.current.changed == name and self.place > 0
        edit = self._draw(self.current.latents, strengths, name, self.current.photograph)
        self._add(edit, replace=again)

    def new_face(self):
        """Draw another face with the same attributes.

        Raises:
            ValueError: a face is kept.
        """
        if self.kept is not None:
            raise ValueError("This face is kept: release it (keep(False)) before you draw a new one.")
        self.seed += 1
        self._add(self._draw(self.gan.sample_latents(1, self.seed), self.current.strengths, "new face"))

    def start_from(self, photograph):
        """Continue from a photograph: find the latents that redraw it (`invert`), and show the result.

        Args:
            photograph: anything that `load_photo` opens: a path, the bytes of a file, an open file, a PIL image.

        Returns:
            A sentence on how the photograph was framed and how well the generator redraws it.

        Raises:
            FileNotFoundError, ValueError: see `load_photo`.
        """
        picture, framed = load_photo(photograph, self.gan.size, self.gan.crop)
        found = invert(self.gan, picture[None])
        strengths = dict(zip(self.gan.attributes, map(float, found.attributes[0])))
        self._add(self._draw(found.latents, strengths, "photograph", picture))
        self.kept = None
        percent = f"{found.error[0]:.0%}".replace("%", " %")
        return f"{framed} The generator redraws it with a root mean square error of {percent}."

    def keep(self, on=True):
        """Keep the current face, so that later ones are compared with it; `on=False` releases it."""
        self.kept = self.current if on else None

    def undo(self):
        """Go one step back; at the first step, stay."""
        self.place = max(self.place - 1, 0)

    def redo(self):
        """Go one step forward; at the last step, stay."""
        self.place = min(self.place + 1, len(self.history) - 1)

    def strip(self):
        """The steps around the current one.

        Returns:
            uint8 array (k, H, W, 3), at most `PREVIEW` pictures, and the index of the current one.
        """
        start = max(0, min(self.place - PREVIEW + 2, len(self.history) - PREVIEW))
        return np.stack([edit.picture for edit in self.history[start : start + PREVIEW]]), self.place - start

    def export(self, folder):
        """Write the current face as PNG, and what it was drawn from as JSON.

        Args:
            folder: where to; existing files are kept, the new ones get the next free number.

        Returns:
            The Paths of the two files.
        """
        picture = _save([self.current.picture], _free(Path(folder), "face", ".png"))
        record = picture.with_suffix(".json")
        drawn_from = {
            "picture": picture.name,
            "recipe": self.gan.recipe,
            "attributes": self.current.strengths,
            "latents": self.current.latents.tolist(),
        }
        with write_atomically(record) as unfinished:
            unfinished.write_text(json.dumps(drawn_from, indent=1) + "\n", encoding="utf-8")
        return picture, record

    def export_history(self, folder):
        """Write the pictures of all steps as one grid, and return its Path."""
        return _save([edit.picture for edit in self.history], _free(Path(folder), "history", ".png"))

    def _draw(self, latents, strengths, changed, photograph=None):
        vector = [strengths[name] for name in self.gan.attributes]
        picture = self.gan.sample(attributes=vector, latents=latents)[0]
        return Edit(latents, strengths, picture, changed, photograph)

    def _add(self, edit, replace=False):
        self.history[self.place + (not replace) :] = [edit]
        self.place = len(self.history) - 1


def _save(pictures, path):
    with write_atomically(path) as unfinished:
        grid(np.stack(pictures), columns=min(8, len(pictures))).save(unfinished)
    return path


def _free(folder, stem, suffix):
    """The first path of `stem_1.png`, `stem_2.png`, ... that is not taken, and whose `.json` is not."""
    number = 1
    while (path := folder / f"{stem}_{number}{suffix}").exists() or path.with_suffix(".json").exists():
        number += 1
    return path
