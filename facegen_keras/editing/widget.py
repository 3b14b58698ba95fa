"""Refining a face in a notebook, or on a page that Voilà serves: describe it, look, correct it, look again."""

import contextlib
import html
import logging
from pathlib import Path

import ipywidgets as widgets
from PIL import Image

from facegen_keras.data.layouts import workspace
from facegen_keras.data.photos import FACES
from facegen_keras.editing.divider import Compare
from facegen_keras.editing.gallery import Gallery
from facegen_keras.editing.session import STRIP, EditSession
from facegen_keras.editing.uploads import Camera, Upload, link_to
from facegen_keras.editing.words import describe_edit, describe_step, label, turned
from facegen_keras.training.pretrained import load_pretrained

logger = logging.getLogger(__name__)

SAVING = "Writing the files …"
STYLE = Path(__file__).with_name("style.css")
HELP = Path(__file__).with_name("help.html")


def refine_widget(gan=None, seed=0, folder=None):
    """Refine faces by hand.

    It begins with a drawn face; a photograph, or a picture of the webcam, can take its place, and of several faces in
    it one is chosen. Sliders set the attributes, with all strengths in between; one picture with a divider shows before
    and after. Undo, redo and small pictures walk through the history. A face that is kept is what others are compared
    with. Faces are saved as PNG, with what they were drawn from as JSON, and photographs in full size.

    Args:
        gan: a conditional `FaceGAN`; by default the one that is shipped with the package.
        seed: seed of the first face.
        folder: where files are saved; by default `test_samples/refined` in the `workspace`.

    Returns:
        An ipywidgets box for a notebook's cell to show.

    Raises:
        ValueError: the generator has no attributes.
    """
    gan = load_pretrained("editor") if gan is None else gan
    return _Page(EditSession(gan, seed), Path(folder or workspace() / "test_samples" / "refined")).box


class _Page:
    """The controls and pictures of one `EditSession`."""

    def __init__(self, session, folder):
        self.session, self.folder = session, folder
        self.saved_start = None  # the start of what the links below "Save" hold
        self.silent = False  # True while the page sets its own controls: then they ask for nothing
        self.status, self.compare, self.saved = widgets.HTML(), Compare(), widgets.VBox()
        self.sliders = {name: self._slider(name) for name in session.gan.attributes}
        self.upload, self.camera = Upload(self._start_from), Camera(self._start_from)
        self.dice = self._button("", "dice", "Draw another face with the same attributes", session.new_face)
        self.undo = self._button("Undo", "undo", "One step back", session.undo)
        self.redo = self._button("Redo", "repeat", "One step forward", session.redo)
        self.keep = widgets.ToggleButton(tooltip="Compare all others with this face")
        self.keep.observe(lambda change: self._act(lambda: self._keep(change["new"])), "value")
        self.save = self._button("Save", "download", "The picture, and its attributes as JSON", self._export, SAVING)
        self.save_all = self._button("Save history", "th", "All steps in one picture", self._export_history)
        self.history = Gallery(STRIP, lambda place: self._act(lambda: session.go_to(session.strip()[place])))
        self.people = Gallery(FACES, lambda face: self._act(lambda: session.choose_face(face), self._searching))
        self.people.box.add_class("facegen-people")  # one row, so that the face stays in sight
        self.box = self._lay_out()
        self._act(lambda: "A network drew this face: it is nobody's. Move a slider, or start from your photograph.")

    def _lay_out(self):
        rows = {
            "start": [self.upload.button, self.camera.button, self.camera.field, self.dice],
            "steps": [self.undo, self.redo, self.keep],
            "files": [self.save, self.save_all],
        }
        rows = {name: _box("facegen-row", *children) for name, children in rows.items()}
        self.status.add_class("facegen-status")
        left = _box("facegen-left", self.compare.box, rows["steps"])
        right = _box("facegen-sliders", *self.sliders.values(), rows["files"], self.saved)
        main = _box("facegen-main", left, right)
        style = widgets.HTML(f"<style>{STYLE.read_text(encoding='utf-8')}</style>")
        terms_and_help = widgets.HTML(HELP.read_text(encoding="utf-8"))
        return _box(
            "facegen", style, rows["start"], self.status, self.people.box, main, self.history.box, terms_and_help
        )

    def _slider(self, name):
        slider = widgets.FloatSlider(
            min=0,
            max=1,
            step=0.05,
            description=label(name),
            readout_format=".0%",
            style={"description_width": "110px"},
            layout=widgets.Layout(width="auto"),
        )
        change = self.session.change
        slider.observe(lambda moved: self._act(lambda: change(name, turned(name, moved["new"]))), "value")
        return slider

    def _button(self, text, icon, tooltip, action, busy=None):
        button = widgets.Button(description=text, icon=icon, tooltip=tooltip)
        button.on_click(lambda _: self._act(action, busy))
        return button

    def _act(self, action, busy=None, kind=lambda: ""):
        """Do what a control asks for, and show its answer, or why it failed.

        Args:
            action: called without arguments; returns a sentence, or None for one on the step that is shown.
            busy: what to say meanwhile, where it may take more than a moment; the controls then wait.
            kind: called once it is done; returns the class of its answer.
        """
        if self.silent:
            return
        try:
            with self._waiting(busy):
                answer = action()
                self._show()
            kind = kind()
        except (ValueError, OSError) as error:
            answer, kind = str(error), "facegen-failed"
        except Exception as error:  # nobody would see it otherwise: a page has no place for a traceback
            logger.exception("The page could not do what a control asked for")
            answer, kind = f"This did not work ({type(error).__name__}: {error}).", "facegen-failed"
        self._set_buttons()
        self._say(answer or describe_step(self.session), kind)

    @contextlib.contextmanager
    def _waiting(self, busy):
        buttons = (self.upload.button, self.dice, self.undo, self.redo, self.keep, self.save, self.save_all)
        controls = (*self.sliders.values(), *buttons, *self.history.buttons, *self.people.buttons) if busy else ()
        for control in controls:
            control.disabled = True
        if busy:
            self._say(busy, "facegen-busy")
            self.box.add_class("facegen-waits")
        try:
            yield
        finally:
            with self._silently():
                for name, slider in self.sliders.items():
                    slider.value = turned(name, self.session.current.strengths[name])
            for control in controls:
                control.disabled = False
            self.box.remove_class("facegen-waits")

    def _say(self, text, kind=""):
        self.status.value = f'<div class="facegen-note {kind}">{html.escape(text)}</div>'

    def _start_from(self, photograph):
        self._act(lambda: self.session.start_from(photograph), self._searching, self._doubt)

    def _doubt(self):
        return "facegen-doubted" if self.session.current.start.portrait.is_guess else ""

    @property
    def _searching(self):
        if self.session.gan.takes_pictures:
            return "Looking for faces in the photograph …"
        return (
            "Looking for a face, and then for the nearest that the generator can draw. This takes about ten seconds …"
        )

    def _keep(self, on):
        self.session.keep(on)
        if on:
            return "This face is kept: others are now compared with it. To draw a new face, release it first."
        return "The face is released: others are compared again with what they started from."

    def _export(self):
        return self._offer(self.session.export(self.folder))

    def _export_history(self):
        return self._offer([self.session.export_history(self.folder)])

    def _offer(self, files):
        """Links to files, in a new widget: Jupyter limits the size of what changes in a widget, not of a new one."""
        self._clear_links()
        links = "".join(map(link_to, files))
        place = f"<small>They are also in {html.escape(str(self.folder))}</small>"
        self.saved.children = [widgets.HTML(f'<div class="facegen-files">{links}<br>{place}</div>')]
        self.saved_start = self.session.current.start
        return "Saved. Click the name of a file, beside Save, to download it."

    def _clear_links(self):
        for old in self.saved.children:
            old.close()
        self.saved.children = []

    def _show(self):
        session = self.session
        if session.current.start is not self.saved_start:
            self._clear_links()  # nobody downloads one person for another
        portrait = session.current.start.portrait
        self.compare.show(*session.views(), session.compared_with, describe_edit(session))
        places = session.strip()
        pictures = [Image.fromarray(session.history[place].picture) for place in places]
        captions = [f"{place + 1} {label(session.history[place].changed)}" for place in places]
        self.history.show(pictures, captions, places.index(session.place))
        several = portrait is not None and len(portrait.places) > 1
        people = portrait.thumbnails if several else []
        self.people.show(people, [f"Face {i + 1}" for i in range(len(people))], portrait.face if several else None)

    def _set_buttons(self):
        session, kept = self.session, self.session.kept is not None
        with self._silently():
            self.keep.value = kept
        self.keep.description, self.keep.icon = ("Kept: release", "unlock") if kept else ("Keep", "lock")
        self.keep.button_style = "success" if kept else ""
        self.undo.disabled = session.place == 0
        self.redo.disabled = session.place == len(session.history) - 1
        self.dice.disabled = kept
        self.dice.description = "New face (release the kept one first)" if kept else "New face"

    @contextlib.contextmanager
    def _silently(self):
        self.silent = True
        try:
            yield
        finally:
            self.silent = False


def _box(name, *children):
    box = widgets.Box(children)
    box.add_class(name)
    return box
