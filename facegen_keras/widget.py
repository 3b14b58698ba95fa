"""Refinement in a notebook, or as a page through Voilà: describe a face, look, correct it, look again."""

import base64
import contextlib
import html
import io
from pathlib import Path

import ipywidgets as widgets
from PIL import Image

from facegen_keras.grids import grid
from facegen_keras.guesses import Guesses
from facegen_keras.layouts import workspace
from facegen_keras.pretrained import load_pretrained

FACE = 256  # pixels of a face on the page

STYLE = """
<style>
.facegen { max-width: 1040px; margin: auto; }
.facegen .widget-image { border-radius: 6px; height: auto; }
.facegen .facegen-face { width: min(256px, 43vw); }
.facegen .facegen-strip { max-width: 100%; object-fit: contain; }
.facegen-note { color: #666; line-height: 1.4; }
</style>
"""


def refine_widget(gan=None, seed=0, folder=None, crop=148):
    """Refine faces by hand.

    Sliders ask for attributes and all strengths in between; the dice draws another face; undo and redo walk through the
    history; a face that is kept stays, and is what others are compared with; a photograph can be the start; faces are
    exported as PNG, with what they were drawn from as JSON.

    Args:
        gan: a conditional `FaceGAN`; by default the one that is shipped.
        seed: of the first face.
        folder: where exports go; by default `test_samples/refined` in the `workspace`.
        crop: of photographs, as the generator was trained on.

    Returns:
        An ipywidgets box, to be shown by a notebook's cell.

    Raises:
        ValueError: the generator has no attributes.
    """
    gan = load_pretrained() if gan is None else gan
    return _Page(Guesses(gan, seed, crop), Path(folder or workspace() / "test_samples" / "refined")).box


class _Page:
    """The controls and pictures of one `Guesses`."""

    def __init__(self, guesses, folder):
        self.guesses, self.folder = guesses, folder
        self.silent = False  # while sliders are set by the page itself
        self.sliders = {name: self._slider(name) for name in guesses.gan.attributes}
        self.before, self.after = _face("before"), _face("after")
        self.strip = widgets.Image(format="png")
        self.strip.add_class("facegen-strip")
        self.note = widgets.HTML()
        self.dice = self._button("New face", "dice", "Another face by the same attributes", guesses.new_face)
        self.undo = self._button("Undo", "undo", "Back to the guess before", guesses.undo)
        self.redo = self._button("Redo", "repeat", "Forward again", guesses.redo)
        self.keep = widgets.ToggleButton(description="Keep this one", icon="lock", tooltip="Lock this face")
        self.keep.observe(lambda change: self._act(lambda: guesses.keep(change["new"])), "value")
        self.upload = widgets.FileUpload(accept="image/*", description="Photograph", tooltip="Start from a picture")
        self.upload.observe(self._start_from, "value")
        save = self._button("Save face", "download", "As PNG, with its attributes as JSON", self._export)
        save_all = self._button("Save history", "th", "All guesses as one grid", self._export_history)
        self.box = self._lay_out([self.dice, self.undo, self.redo, self.keep, self.upload, save, save_all])
        self._show()

    def _lay_out(self, buttons):
        row = {"flex_flow": "row wrap", "justify_content": "center"}
        faces = widgets.HBox(
            [_captioned("before", self.before), _captioned("this guess", self.after)], layout=widgets.Layout(**row)
        )
        sliders = widgets.VBox(list(self.sliders.values()), layout=widgets.Layout(min_width="300px"))
        box = widgets.VBox(
            [
                widgets.HTML(STYLE),
                widgets.HBox([faces, sliders], layout=widgets.Layout(**row, align_items="center")),
                widgets.HBox(buttons, layout=widgets.Layout(**row)),
                widgets.HBox([self.strip], layout=widgets.Layout(**row)),
                self.note,
            ]
        )
        box.add_class("facegen")
        return box

    def _slider(self, name):
        slider = widgets.FloatSlider(
            min=0,
            max=1,
            step=0.05,
            description=name.replace("_", " "),
            readout_format=".2f",
            style={"description_width": "110px"},
            layout=widgets.Layout(width="300px"),
        )
        slider.observe(lambda change: self._act(lambda: self.guesses.change(name, change["new"])), "value")
        return slider

    def _button(self, text, icon, tooltip, action):
        button = widgets.Button(description=text, icon=icon, tooltip=tooltip, layout=widgets.Layout(width="auto"))
        button.on_click(lambda _: self._act(action))
        return button

    def _act(self, action):
        """Do what a control asks for; what it answers, or why it cannot be done, is the note."""
        if self.silent:
            return
        try:
            answer = action()
        except (ValueError, OSError) as error:
            answer = html.escape(str(error))
        self._show(answer)

    def _start_from(self, change):
        if change["new"]:
            self._act(lambda: self.guesses.start_from(bytes(change["new"][0]["content"])))
            with self._silently():
                self.upload.value = ()

    def _export(self):
        picture, record = self.guesses.export(self.folder)
        return f"Saved in {self.folder}: {_link(picture)} {_link(record)}"

    def _export_history(self):
        return f"Saved in {self.folder}: {_link(self.guesses.export_history(self.folder))}"

    def _show(self, note=None):
        guesses = self.guesses
        self.after.value = _png(guesses.current.picture)
        self.before.value = _png(guesses.before)
        pictures, place = guesses.strip()
        titles = ["this" if i == place else "" for i in range(len(pictures))]
        self.strip.value = _encode(grid(pictures, columns=len(pictures), titles=titles))
        self.note.value = f'<div class="facegen-note">{note or ""}</div>'
        with self._silently():
            for name, slider in self.sliders.items():
                slider.value = guesses.current.strengths[name]
            self.keep.value = guesses.kept is not None
        self.undo.disabled = guesses.place == 0
        self.redo.disabled = guesses.place == len(guesses.history) - 1
        self.dice.disabled = guesses.kept is not None

    @contextlib.contextmanager
    def _silently(self):
        self.silent = True
        try:
            yield
        finally:
            self.silent = False


def _face(name):
    image = widgets.Image(format="png")
    image.add_class("facegen-face").add_class(f"facegen-{name}")
    return image


def _captioned(text, image):
    return widgets.VBox([image, widgets.HTML(f"<center>{text}</center>")], layout=widgets.Layout(margin="4px"))


def _png(picture):
    return _encode(Image.fromarray(picture).resize((FACE, FACE), Image.Resampling.BICUBIC))


def _encode(image):
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _link(path):
    kind = "application/json" if path.suffix == ".json" else "image/png"
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<a download="{path.name}" href="data:{kind};base64,{data}">{path.name}</a>'
