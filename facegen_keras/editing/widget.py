"""Refining a face in a notebook, or on a page that Voilà serves: describe it, look, correct it, look again."""

import base64
import contextlib
import html
import io
import logging
from pathlib import Path

import ipywidgets as widgets
from PIL import Image

from facegen_keras.data.layouts import workspace
from facegen_keras.editing.session import EditSession
from facegen_keras.grids import grid
from facegen_keras.training.pretrained import load_pretrained

logger = logging.getLogger(__name__)

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


def refine_widget(gan=None, seed=0, folder=None):
    """Refine faces by hand.

    Sliders set the attributes, with all strengths in between. A button draws another face; undo and redo walk through
    the history. A face that is kept stays, and later ones are compared with it. A photograph can be the start. Faces
    are exported as PNG, with what they were drawn from as JSON.

    Args:
        gan: a conditional `FaceGAN`; by default the one that is shipped with the package.
        seed: seed of the first face.
        folder: where exports go; by default `test_samples/refined` in the `workspace`.

    Returns:
        An ipywidgets box for a notebook's cell to show.

    Raises:
        ValueError: the generator has no attributes.
    """
    gan = load_pretrained() if gan is None else gan
    return _Page(EditSession(gan, seed), Path(folder or workspace() / "test_samples" / "refined")).box


class _Page:
    """The controls and pictures of one `EditSession`."""

    def __init__(self, session, folder):
        self.session, self.folder = session, folder
        self.silent = False  # True while the page sets its own controls: then they ask for nothing
        self.sliders = {name: self._slider(name) for name in session.gan.attributes}
        self.before, self.after = _face("before"), _face("after")
        self.strip = widgets.Image(format="png")
        self.strip.add_class("facegen-strip")
        self.note = widgets.HTML()
        self.dice = self._button("New face", "dice", "Another face with the same attributes", session.new_face)
        self.undo = self._button("Undo", "undo", "One step back", session.undo)
        self.redo = self._button("Redo", "repeat", "One step forward", session.redo)
        self.keep = widgets.ToggleButton(
            description="Keep this one", icon="lock", tooltip="Compare others with this face"
        )
        self.keep.observe(lambda change: self._act(lambda: session.keep(change["new"])), "value")
        self.upload = widgets.FileUpload(accept="image/*", description="Photograph")
        self.upload.tooltip = "Start from a picture"  # not an argument: ipywidgets 7 has no tooltip here, and warns
        self.upload.observe(self._start_from, "value")
        save = self._button("Save face", "download", "As PNG, with its attributes as JSON", self._export)
        save_all = self._button("Save history", "th", "All steps as one grid", self._export_history)
        self.box = self._lay_out([self.dice, self.undo, self.redo, self.keep, self.upload, save, save_all])
        self._show()

    def _lay_out(self, buttons):
        row = {"flex_flow": "row wrap", "justify_content": "center"}
        faces = widgets.HBox(
            [_captioned("before", self.before), _captioned("this face", self.after)], layout=widgets.Layout(**row)
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
        slider.observe(lambda change: self._act(lambda: self.session.change(name, change["new"])), "value")
        return slider

    def _button(self, text, icon, tooltip, action):
        button = widgets.Button(description=text, icon=icon, tooltip=tooltip, layout=widgets.Layout(width="auto"))
        button.on_click(lambda _: self._act(action))
        return button

    def _act(self, action):
        """Do what a control asks for, and show its answer, or why it failed, as the note."""
        if self.silent:
            return
        try:
            answer = action()
        except (ValueError, OSError) as error:
            answer = html.escape(str(error))
        except Exception as error:  # nobody would see it otherwise: a page has no place for a traceback
            logger.exception("The page could not do what a control asked for")
            answer = html.escape(f"This did not work ({type(error).__name__}: {error}).")
        self._show(answer)

    def _start_from(self, change):
        if change["new"]:
            self._act(lambda: html.escape(self.session.start_from(_uploaded_file(change["new"]))))
            with self._silently():
                _reset(self.upload)

    def _export(self):
        picture, record = self.session.export(self.folder)
        return f"Saved in {html.escape(str(self.folder))}: {_link(picture)} {_link(record)}"

    def _export_history(self):
        return f"Saved in {html.escape(str(self.folder))}: {_link(self.session.export_history(self.folder))}"

    def _show(self, note=None):
        session = self.session
        self.after.value = _png(session.current.picture)
        self.before.value = _png(session.before)
        pictures, place = session.strip()
        titles = ["this" if i == place else "" for i in range(len(pictures))]
        self.strip.value = _encode(grid(pictures, columns=len(pictures), titles=titles))
        self.note.value = f'<div class="facegen-note">{note or ""}</div>'
        with self._silently():
            for name, slider in self.sliders.items():
                slider.value = session.current.strengths[name]
            self.keep.value = session.kept is not None
        self.undo.disabled = session.place == 0
        self.redo.disabled = session.place == len(session.history) - 1
        self.dice.disabled = session.kept is not None

    @contextlib.contextmanager
    def _silently(self):
        self.silent = True
        try:
            yield
        finally:
            self.silent = False


def _uploaded_file(value):
    """The file in a FileUpload's value, opened, with its name: `load_photo` names it where it cannot be read.

    The value is a tuple of dicts in ipywidgets 8, and a dict from names to dicts in ipywidgets 7 (which Colab has).
    """
    name, uploaded = next(iter(value.items())) if isinstance(value, dict) else (value[0]["name"], value[0])
    file = io.BytesIO(uploaded["content"])
    file.name = name
    return file


def _reset(upload):
    """Empty a FileUpload, so that the same file can be uploaded again."""
    if isinstance(upload.value, dict):  # ipywidgets 7, where a change of the counter sets the value from the other two
        upload.metadata, upload.data, upload._counter = [], [], 0
    else:
        upload.value = ()


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
    name = html.escape(path.name)
    return f'<a download="{name}" href="data:{kind};base64,{data}">{name}</a>'
