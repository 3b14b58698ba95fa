"""The history of a face that is refined by hand: every edit keeps its picture and what it was drawn from."""

import dataclasses

import numpy as np
from PIL import Image

from facegen_keras.data.attributes import resolve_attributes
from facegen_keras.data.images import to_size
from facegen_keras.editing.edits import Edit, Start
from facegen_keras.editing.exports import free_names, save_marked, save_record
from facegen_keras.editing.portrait import Portrait
from facegen_keras.gan.conditions import implied_by, plain_face, read_attributes, require_attributes
from facegen_keras.gan.inversion import invert
from facegen_keras.grids import grid
from facegen_keras.training.pretrained import load_pretrained

STRIP = 8  # the most steps that `strip` gives
TRUNCATION = 0.7  # of the shipped generator, where it draws a face to start from: few of those are torn
# The largest errors (root mean square, 0 to 1) of redrawn photographs that look like them, and roughly like them.
CLOSE, ROUGH = 0.06, 0.12
SMEARS = "Unless a face fills it, changes come out as smears. A photograph of a face from the front works best."


class EditSession:
    """Refines a face step by step, with undo and redo. `refine_widget` shows it; it works without the widget too.

    Args:
        gan: a conditional `FaceGAN`.
        seed: seed of the first face; each new face takes the next seed.
        faces: the `FaceGAN` that draws new faces where `gan` is fed pictures; by default the one that is shipped, with
            latents truncated to 0.7.

    Raises:
        ValueError: the generator has no attributes.
    """

    def __init__(self, gan, seed=0, faces=None):
        require_attributes(gan)
        self.gan, self.seed = gan, seed
        self.faces = (faces or _shipped_faces()) if gan.takes_pictures else gan
        self.kept = None  # the Edit that is kept, or None
        start = self._draw_start(plain_face(gan))
        self.history, self.place = [self._draw(start, start.strengths, "new face")], 0

    @property
    def current(self):
        """The `Edit` that is shown."""
        return self.history[self.place]

    @property
    def before(self):
        """The picture to compare with: the kept face, else the photograph or drawn face that this one started from."""
        return self.current.start.picture if self.kept is None else self.kept.picture

    @property
    def compared_with(self):
        """What `before` is, in words."""
        if self.kept is not None:
            return "the face that you kept"
        return "your photograph" if self.current.start.portrait else "the face as it was drawn"

    def change(self, name, strength):
        """Set the strength of one attribute, and the attributes that this implies (`implied_by`).

        Several changes of the same attribute in a row are one step of the history; one that changes nothing is none.

        Args:
            name: an attribute of the generator.
            strength: 0 (absent) to 1 (present).

        Raises:
            ValueError: the generator has no such attribute, or the strength is outside 0..1.
        """
        resolve_attributes([name], known=self.gan.attributes)
        self._change(implied_by(self.gan, {name: strength}) | {name: strength}, name)

    def change_several(self, changes):
        """Set several attributes in one step, as `gan.refine` does: what is named stays as named, whatever is implied.

        Args:
            changes: a dict of attribute to strength in [0, 1].

        Raises:
            ValueError: see `change`.
        """
        resolve_attributes(list(changes), known=self.gan.attributes)
        self._change(implied_by(self.gan, changes) | changes, " and ".join(changes))

    def new_face(self):
        """Draw another face with the same attributes.

        Raises:
            ValueError: a face is kept.
        """
        if self.kept is not None:
            raise ValueError("This face is kept: release it (keep(False)) before you draw a new one.")
        self.seed += 1
        start = self._draw_start(self.current.strengths)
        self._add(self._draw(start, start.strengths, "new face"))

    def start_from(self, photograph, face=0):
        """Continue from a face of a photograph; one that was kept is released.

        A generator that is fed pictures changes the photograph itself. For the others, `invert` finds the latents that
        redraw it.

        Args:
            photograph: anything that `load_photo` opens: a path, the bytes of a file, an open file, a PIL image.
            face: which of its faces, the largest first.

        Returns:
            A sentence on how the photograph was framed, and how near the generator comes to it.

        Raises:
            FileNotFoundError, ValueError: see `load_photo`; or there is no such face.
        """
        return self._begin(Portrait.open(photograph, face, self.gan.size, self.gan.crop))

    def choose_face(self, face):
        """Continue from another face of the photograph at hand; see `start_from`.

        Raises:
            ValueError: there is no photograph, or no such face in it.
        """
        return self._begin(dataclasses.replace(self._portrait, face=face))

    def keep(self, on=True):
        """Keep the current face, so that later ones are compared with it; `on=False` releases it."""
        self.kept = self.current if on else None

    def undo(self):
        """Go one step back; at the first step, stay."""
        self.go_to(self.place - 1)

    def redo(self):
        """Go one step forward; at the last step, stay."""
        self.go_to(self.place + 1)

    def go_to(self, place):
        """Show a step of the history, from 0; the first or the last where there is no such step."""
        self.place = min(max(place, 0), len(self.history) - 1)

    def strip(self):
        """The places of the steps around the current one: a range of `STRIP` at most."""
        start = max(0, min(self.place - STRIP + 2, len(self.history) - STRIP))
        return range(start, min(start + STRIP, len(self.history)))

    def views(self):
        """`before` and the current picture as they are shown: two PIL images, larger than the generator's pictures.

        Of a photograph that is changed itself, they show what is around the face, too, as sharp as it came.
        """
        before = self.current.start if self.kept is None else self.kept
        return before.view, self.current.view

    def full_size(self):
        """The photograph as large as it came, with what was changed laid over it: a PIL image.

        Raises:
            ValueError: the current face is of no photograph.
        """
        return self._portrait.change_photo(self.current.start.unchanged, self.current.picture)

    def export(self, folder):
        """Write the current face as PNG and what it was drawn from as JSON; of a photograph, the full size, too.

        Pictures say in their metadata that they were generated or edited (`save_marked`).

        Args:
            folder: where to; existing files are kept, the new ones get the next free number.

        Returns:
            The Paths of the two or three files.
        """
        portrait = self.current.start.portrait
        face, photograph = free_names(folder, "face", "photograph")
        files = [save_marked(Image.fromarray(self.current.picture), face.with_suffix(".png"), [self.current], self.gan)]
        files.append(save_record(face.with_suffix(".json"), self.current, self.gan))
        if portrait:
            named = photograph.with_suffix(".png" if portrait.format == "PNG" else ".jpg")
            files.append(save_marked(self.full_size(), named, [self.current], self.gan))
        return tuple(files)

    def export_history(self, folder):
        """Write the pictures of all steps as one grid, and return its Path."""
        pictures = np.stack([edit.picture for edit in self.history])
        (path,) = free_names(folder, "history")
        return save_marked(grid(pictures, min(8, len(pictures))), path.with_suffix(".png"), self.history, self.gan)

    def _begin(self, portrait):
        if self.gan.takes_pictures:
            start = self._start_of(portrait.picture, portrait)
            note = SMEARS if portrait.is_guess else "Move a slider to change it."
        else:
            found = invert(self.gan, portrait.picture[None])
            strengths = dict(zip(self.gan.attributes, map(float, found.attributes[0])))
            start = Start(portrait.picture, found.latents, strengths, found.pictures[0], portrait)
            error = found.error[0]
            nearness = "close to" if error < CLOSE else "roughly like" if error < ROUGH else "far from"
            note = (
                "This generator draws a face of its own, the nearest that it can: somebody like you, and not you. It "
                f"came out {nearness} the photograph."
            )
        self._add(self._draw(start, start.strengths, "photograph"))
        self.kept = None
        return f"{portrait.framed} {note}"

    def _change(self, changes, changed):
        strengths = self.current.strengths | {name: float(strength) for name, strength in changes.items()}
        if strengths != self.current.strengths:
            again = self.current.changed == changed and self.place > 0
            self._add(self._draw(self.current.start, strengths, changed), replace=again)

    def _draw_start(self, strengths):
        """A new face of these strengths; where the generator is fed pictures, of those that can then be read off it."""
        if not self.gan.takes_pictures:
            latents = self.gan.sample_latents(1, self.seed)
            picture = self._sample(latents, strengths)
            return Start(picture, latents, strengths, picture)
        wanted = plain_face(self.faces)
        wanted |= {name: strength for name, strength in strengths.items() if name in wanted}
        return self._start_of(to_size(self.faces.sample(1, wanted, self.seed), self.gan.size)[0])

    def _start_of(self, picture, portrait=None):
        strengths = dict(zip(self.gan.attributes, map(float, read_attributes(self.gan, picture[None])[0])))
        return Start(picture, self.gan.to_images(picture[None]), strengths, picture, portrait)

    def _draw(self, start, strengths, changed):
        is_same = strengths == start.strengths
        return Edit(start, strengths, start.unchanged if is_same else self._sample(start.latents, strengths), changed)

    def _sample(self, latents, strengths):
        return self.gan.sample(attributes=[strengths[name] for name in self.gan.attributes], latents=latents)[0]

    def _add(self, edit, replace=False):
        self.history[self.place + (not replace) :] = [edit]
        self.place = len(self.history) - 1

    @property
    def _portrait(self):
        if self.current.start.portrait is None:
            raise ValueError("This face is of no photograph: start from one first (start_from).")
        return self.current.start.portrait


def _shipped_faces():
    gan = load_pretrained()
    gan.truncation = TRUNCATION
    return gan
