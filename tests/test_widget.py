import datetime
import time

import pytest

import facegen_keras as fg
from facegen_keras.widget import _Page


@pytest.fixture
def page(tmp_path):
    return _Page(fg.Guesses(fg.load_pretrained()), tmp_path)


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


def test_upload_that_is_no_picture_is_a_note(page):
    when = datetime.datetime.now()
    page.upload.value = ({"name": "a.txt", "type": "", "size": 4, "content": b"text", "last_modified": when},)
    assert "cannot be read as a picture" in page.note.value


def test_export_links_to_files_that_are_there(page, tmp_path):
    buttons = [control for row in page.box.children for control in getattr(row, "children", ())]
    save = next(control for control in buttons if getattr(control, "description", "") == "Save face")
    save.click()
    assert (
        "face_1.png" in page.note.value and (tmp_path / "face_1.png").exists() and (tmp_path / "face_1.json").exists()
    )


def test_generator_without_attributes_is_refused():
    with pytest.raises(ValueError, match="no attributes"):
        fg.refine_widget(fg.RECIPES["udacity"].build(image_size=16))
