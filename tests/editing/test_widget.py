import html
import io
import time

import pytest
import traitlets
from PIL import Image

import facegen_keras as fg
from facegen_keras.editing.widget import _Page

MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def pretrained():
    return fg.load_pretrained()


@pytest.fixture
def page(pretrained, tmp_path):
    return _Page(fg.EditSession(pretrained), tmp_path)


class FileUpload7(traitlets.HasTraits):
    """The kernel's side of ipywidgets 7.7's FileUpload, as Colab has it."""

    metadata, data, _counter = traitlets.List(), traitlets.List(), traitlets.Int()
    value = traitlets.Dict(read_only=True)

    @traitlets.observe("_counter")
    def _set_value(self, _):
        files = zip(self.metadata, self.data, strict=True)
        self.set_trait("value", {about["name"]: {"metadata": about, "content": content} for about, content in files})


@pytest.fixture(params=[7, 8])
def any_page(request, page):
    """The page with the upload button that is installed, or with that of ipywidgets 7."""
    if request.param == 7 and not hasattr(page.upload, "metadata"):
        page.upload = FileUpload7()
        page.upload.observe(page._start_from, "value")
    return page


def upload(page, name, content):
    """Set what the browser sends when a file is chosen."""
    about = {"name": name, "type": "", "size": len(content)}
    if hasattr(page.upload, "metadata"):
        with page.upload.hold_trait_notifications():
            page.upload.metadata, page.upload.data = [about | {"lastModified": 0}], [content]
            page.upload._counter += 1
    else:
        page.upload.set_state({"value": [about | {"last_modified": 0, "content": memoryview(content)}]})


def photograph():
    file = io.BytesIO()
    Image.new("L", (300, 200), 90).save(file, "PNG")
    return file.getvalue()


def test_slider_changes_the_picture_and_undo_brings_it_back(page):
    before = page.after.value
    page.sliders["Smiling"].value = 1
    changed = page.after.value
    assert changed != before and page.before.value == before
    page.undo.click()
    assert page.after.value == before and page.sliders["Smiling"].value == 0
    page.redo.click()
    assert page.after.value == changed and page.sliders["Smiling"].value == 1


@pytest.mark.timing
def test_a_change_shows_in_300_ms(page):
    def seconds(value):
        start = time.perf_counter()
        page.sliders["Smiling"].value = value
        return time.perf_counter() - start

    assert sorted(seconds(value) for value in (0.1, 0.3, 0.5, 0.7, 0.9))[2] < 0.3


def test_kept_face_disables_the_dice(page):
    page.keep.value = True
    assert page.dice.disabled
    page.keep.value = False
    assert not page.dice.disabled


@pytest.mark.slow
def test_the_same_photograph_can_be_uploaded_twice(any_page):
    for steps in (2, 3):
        upload(any_page, "me.png", photograph())
        assert "error" in any_page.note.value and len(any_page.session.history) == steps
        assert len(any_page.upload.value) == 0


def test_upload_that_is_no_picture_is_a_note_that_names_it(any_page):
    upload(any_page, "<b>.txt", b"no picture")
    assert "&lt;b&gt;.txt" in any_page.note.value and "BytesIO" not in any_page.note.value
    assert len(any_page.upload.value) == 0


def test_an_unexpected_error_is_a_note(page, monkeypatch, caplog):
    monkeypatch.setattr(page.session, "start_from", lambda photograph: photograph + 1)
    upload(page, "me.png", photograph())
    assert "TypeError" in page.note.value
    assert "TypeError" in caplog.text


def test_export_links_to_files_that_are_there(page, tmp_path):
    buttons = [control for row in page.box.children for control in getattr(row, "children", ())]
    save = next(control for control in buttons if getattr(control, "description", "") == "Save face")
    save.click()
    assert "face_1.png" in page.note.value
    assert (tmp_path / "face_1.png").exists() and (tmp_path / "face_1.json").exists()


def test_names_are_shown_as_text(pretrained, tmp_path):
    """The names of a folder and of a file are written by whoever made them."""
    page = _Page(fg.EditSession(pretrained), tmp_path / MARKUP)
    upload(page, f"{MARKUP}.png", b"no picture")
    assert "<img" not in page.note.value and "&lt;img" in page.note.value
    for control in (control for row in page.box.children for control in getattr(row, "children", ())):
        if getattr(control, "description", "").startswith("Save"):
            control.click()
            assert "<img" not in page.note.value and "&lt;img" in page.note.value


@pytest.mark.parametrize("failure", [TypeError(MARKUP), OSError(MARKUP), RecursionError(), MemoryError()])
def test_whatever_fails_leaves_a_note(page, monkeypatch, failure):
    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(page.session.gan, "sample", fail)
    for act in (page.dice.click, lambda: setattr(page.sliders["Smiling"], "value", 0.5)):
        page.note.value = ""
        act()
        assert str(failure) in html.unescape(page.note.value) and "<img" not in page.note.value
        assert len(page.note.value) > len('<div class="facegen-note"></div>')


def test_generator_without_attributes_is_refused():
    with pytest.raises(ValueError, match="attributes"):
        fg.refine_widget(fg.RECIPES["udacity"].build(image_size=16))
