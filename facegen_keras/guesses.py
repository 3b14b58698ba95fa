"""A refinement as a sequence of guesses: each a face, what was asked for, and a way back."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from facegen_keras.attribute_statistics import settled_by
from facegen_keras.grids import save_grid
from facegen_keras.photos import load_photo
from facegen_keras.sampling import PLAIN_FACE

PREVIEW = 8  # faces that the strip of the history shows at most


@dataclasses.dataclass(frozen=True)
class Guess:
    """One guess: what it was drawn from, and the picture."""

    latents: np.ndarray  # (1, *latent.shape)
    strengths: dict  # name -> strength in [0, 1], all of the generator's attributes
    picture: np.ndarray  # uint8 (H, W, 3)
    changed: str  # what made it: the name of an attribute, "new face" or "photograph"


class Guesses:
    """The history of a refinement: what `refine_widget` shows, to be used without it as well.

    Args:
        gan: a conditional `FaceGAN`.
        seed: of the first face; each new face takes the next.
        crop: of photographs, as the generator was trained on.

    Raises:
        ValueError: the generator has no attributes.
    """

    def __init__(self, gan, seed=0, crop=148):
        gan.require_attributes()
        self.gan, self.seed, self.crop = gan, seed, crop
        self.kept = None  # a Guess
        self.photo = None  # uint8 (H, W, 3)
        strengths = {name: float(PLAIN_FACE.get(name, 0)) for name in gan.attributes}
        self.history, self.place = [self._draw(gan.draw_latents(1, seed), strengths, "new face")], 0

    @property
    def current(self):
        return self.history[self.place]

    @property
    def before(self):
        """What the current guess is compared with: the face kept, else the photograph, else the first of this face."""
        if self.kept is not None:
            return self.kept.picture
        same = [g for g in self.history[: self.place + 1] if g.latents is self.current.latents]
        return self.photo if same[0].changed == "photograph" and self.photo is not None else same[0].picture

    def change(self, name, strength):
        """Ask for another strength of one attribute, and for what that settles (`settled_by`).

        One change after another of the same attribute is one step of the history.
        """
        if name not in self.gan.attributes:
            self.gan.draw_attributes(1, {name: strength})  # raises, and says which there are
        settled = {other: float(value) for other, value in settled_by({name: round(strength)}).items()}
        known = {other: value for other, value in settled.items() if other in self.gan.attributes}
        strengths = self.current.strengths | known | {name: float(strength)}
        again = self.current.changed == name and self.place > 0
        self._add(self._draw(self.current.latents, strengths, name), replace=again)

    def new_face(self):
        """Roll the dice: another face by the same attributes. A face that is kept stays."""
        if self.kept is not None:
            raise ValueError("This face is kept: let it go before you ask for a new one.")
        self.seed += 1
        self._add(self._draw(self.gan.draw_latents(1, self.seed), self.current.strengths, "new face"))

    def start_from(self, photograph):
        """Go on from a photograph, anything `load_photo` opens; returns how it was framed and how well redrawn."""
        size = self.gan.generator.output_shape[1:3]
        picture, framed = load_photo(photograph, size, self.crop)
        latents, strengths, error = self.gan.recall(picture[None])
        strengths = dict(zip(self.gan.attributes, map(float, strengths[0])))
        self.kept, self.photo = None, picture
        self._add(self._draw(latents, strengths, "photograph"))
        return f"{framed} Redrawn with an error of {error[0]:.0%} of the range of light.".replace("%", " %")

    def keep(self, on=True):
        """Lock the current face, as the one that later guesses are compared with; or let it go."""
        self.kept = self.current if on else None

    def undo(self):
        self.place = max(self.place - 1, 0)

    def redo(self):
        self.place = min(self.place + 1, len(self.history) - 1)

    def strip(self):
        """The guesses around the current one: uint8 (k, H, W, 3), at most `PREVIEW`; and its place among them."""
        start = max(0, min(self.place - PREVIEW + 2, len(self.history) - PREVIEW))
        return np.stack([guess.picture for guess in self.history[start : start + PREVIEW]]), self.place - start

    def export(self, folder):
        """Write the current face as PNG and what it was drawn from as JSON: returns the two paths."""
        picture = save_grid(self.current.picture[None], _free(Path(folder), "face", ".png"))
        guess = {
            "picture": picture.name,
            "recipe": self.gan.recipe,
            "attributes": self.current.strengths,
            "latents": self.current.latents.tolist(),
        }
        record = picture.with_suffix(".json")
        record.write_text(json.dumps(guess, indent=1) + "\n", encoding="utf-8")
        return picture, record

    def export_history(self, folder):
        """Write all guesses as one grid: returns its path."""
        pictures = np.stack([guess.picture for guess in self.history])
        return save_grid(pictures, _free(Path(folder), "history", ".png"), columns=min(8, len(pictures)))

    def _draw(self, latents, strengths, changed):
        vector = [strengths[name] for name in self.gan.attributes]
        return Guess(latents, strengths, self.gan.sample(attributes=vector, latents=latents)[0], changed)

    def _add(self, guess, replace=False):
        self.history[self.place + (not replace) :] = [guess]
        self.place = len(self.history) - 1


def _free(folder, stem, suffix):
    """The first path of `stem_1.png`, `stem_2.png`, ... that is not taken."""
    number = 1
    while (path := folder / f"{stem}_{number}{suffix}").exists():
        number += 1
    return path
