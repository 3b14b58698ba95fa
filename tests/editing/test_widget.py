import base64
import io
import re
import time

import pytest
from PIL import Image

import facegen_keras as fg
from controls import FileUpload7, photograph, said, shown, turn, upload, watch
from facegen_keras.data.landmarks import explain_missing_detector
from facegen_keras.editing.widget import _Page

MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def pretrained():
    return fg.load_pretrained()


@pytest.fixture(scope="module")
def editor():
    return fg.RECIPES["editor"].build()


@pytest.fixture
def page(editor, pretrained, tmp_path):
    return _Page(fg.EditSession(editor, faces=pretrained), tmp_path)


@pytest.fixture(params=[7, 8])
def any_page(request, page):
    """The page with the upload button that is installed, or with that of ipywidgets 7."""
    if request.param == 7 and not hasattr(page.upload.button, "metadata"):
        page.upload.button = FileUpload7()
        page.upload.button.observe(page.upload._hand_over, "value")
    return page


def test_slider_changes_the_picture_and_undo_brings_it_back(page):
    before = shown(page)
    turn(page, "Smiling")
    changed = shown(page)
    assert changed[0] != before[0] and "Smiling" in changed[1] and shown(page, "before")[0] == before[0]
    page.undo.click()
    assert shown(page) == before and "nothing changed" in before[1]
    page.redo.click()
    assert shown(page) == changed


@pytest.mark.timing
def test_a_change_shows_in_300_ms(page):
    def seconds(value):
        start = time.perf_counter()
        page.sliders["Smiling"].value = value
        return time.perf_counter() - start

    assert min(seconds(value) for value in (0.1, 0.3, 0.5, 0.7, 0.9)) < 0.3


def test_beard_is_shown_for_no_beard_and_its_scale_is_turned_round(page):
    slider = page.sliders["No_Beard"]
    assert slider.description == "Beard" and slider.value == 1 - page.session.current.strengths["No_Beard"]
    turn(page, "No_Beard")
    assert page.session.current.strengths["No_Beard"] == 1 - slider.value
    assert "Beard" in said(page) and "No Beard" not in said(page) + shown(page)[1]


def test_what_goes_along_is_told(page):
    page.sliders["No_Beard"].value = 0
    page.sliders["Male"].value = 0
    page.sliders["No_Beard"].value = 1
    assert "takes Male" in said(page)


def test_kept_face_disables_the_dice_and_the_button_says_why(page):
    page.keep.value = True
    assert page.dice.disabled and "release" in page.dice.description and "Kept" in page.keep.description
    assert "kept" in said(page) and "kept" in shown(page, "before")[1]
    turn(page, "Smiling")
    assert "kept" in shown(page, "before")[1]
    page.keep.value = False
    assert not page.dice.disabled and page.dice.description == "New face" and page.keep.description == "Keep"


def test_small_pictures_lead_to_their_steps(page):
    for name in ("Smiling", "Eyeglasses"):
        turn(page, name)
    first, second, third, fourth = page.history.buttons[:4]
    assert [button.description for button in (first, second, third)] == ["1 new face", "2 Smiling", "3 Eyeglasses"]
    assert fourth.layout.display == "none"
    second.click()
    assert page.session.place == 1 and "facegen-current" in second._dom_classes
    assert "facegen-current" not in third._dom_classes and "Step 2 of 3" in said(page)


@pytest.mark.skipif(bool(explain_missing_detector()), reason="needs the extra photos")
def test_everybody_in_a_group_can_be_chosen(page, pretrained):
    group = Image.new("RGB", (1_200, 900), (90, 120, 90))
    for i, person in enumerate(pretrained.sample(12, {"Smiling": 1, "Wearing_Hat": 0}, seed=5)):
        group.paste(Image.fromarray(person).resize((240, 240)), (30 + 295 * (i % 4), 20 + 295 * (i // 4)))
    file = io.BytesIO()
    group.save(file, "PNG")
    upload(page, "group.png", file.getvalue())
    assert "facegen-doubted" not in page.status.value
    count = int(said(page).split()[0])
    to_choose = [button for button in page.people.buttons if button.layout.display != "none"]
    assert len(to_choose) == count > 9
    to_choose[-1].click()
    assert f"number {count}" in said(page)


def test_the_page_says_what_it_may_be_used_for(page):
    said_below = page.box.children[-1].value
    assert "people who agree" in said_below and "non-commercial research" in said_below


def test_controls_wait_while_a_photograph_is_searched(page):
    seen = watch(page)
    upload(page, "me.png", photograph())
    (busy, waiting), (done, ready) = seen
    assert "Looking" in busy and waiting == {True}
    assert "taken" in done and ready == {False}
    assert "your photograph" in shown(page, "before")[1]


def test_a_photograph_without_a_face_is_taken_with_a_warning(page):
    upload(page, "wall.png", photograph())
    assert "facegen-doubted" in page.status.value and "smears" in said(page) and "Move a slider" not in said(page)
    turn(page, "Smiling")
    assert "facegen-doubted" not in page.status.value


def test_slider_is_never_taken_from_a_hand_that_moves_it(page):
    seen = watch(page)
    turn(page, "Smiling")
    assert [waiting for _, waiting in seen] == [{False}]


@pytest.mark.slow
def test_the_same_photograph_can_be_uploaded_twice(any_page):
    for steps in (2, 3):
        upload(any_page, "me.png", photograph())
        assert "taken" in said(any_page) and len(any_page.session.history) == steps
        assert len(any_page.upload.button.value) == 0


def test_webcam_hands_its_picture_over(page):
    address = f"data:image/jpeg;base64,{base64.b64encode(photograph('JPEG')).decode()}"
    for steps in (2, 3):
        page.camera.field.value = address
        assert len(page.session.history) == steps and page.camera.field.value == ""
    for nonsense in ("data:image/jpeg;base64,%%%", "no address", "data:,"):
        page.camera.field.value = nonsense
        assert "webcam" in said(page) and len(page.session.history) == 3


def test_upload_that_is_no_picture_is_a_note_that_names_it(any_page):
    upload(any_page, "<b>.txt", b"no picture")
    assert "<b>.txt" in said(any_page) and "BytesIO" not in said(any_page) and "<b>" not in any_page.status.value
    assert len(any_page.upload.button.value) == 0


BAD = {
    "black.png": lambda file: Image.new("RGB", (64, 48)).save(file, "PNG"),
    "one_pixel.png": lambda file: Image.new("RGB", (1, 1), "red").save(file, "PNG"),
    "panorama.jpg": lambda file: Image.new("RGB", (12_000, 500), "navy").save(file, "JPEG"),
    "sliver.png": lambda file: Image.new("L", (2, 3_000), 90).save(file, "PNG"),
    "seen_through.png": lambda file: Image.new("RGBA", (90, 90), (255, 0, 0, 40)).save(file, "PNG"),
    "moving.gif": lambda file: Image.new("P", (90, 90)).save(file, "GIF", save_all=True,
                                                          append_images=[Image.new("P", (90, 90), 1)]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_any_picture_gives_a_result_that_can_be_changed_and_saved(page, tmp_path, name):
    file = io.BytesIO()
    BAD[name](file)
    upload(page, name, file.getvalue())
    assert "taken" in said(page) or "found" in said(page), said(page)
    turn(page, "Smiling")
    page.save.click()
    with Image.open(next(tmp_path.glob("photograph_1.*"))) as saved, Image.open(file) as given:
        assert saved.size == given.size


def test_an_unexpected_error_is_a_note(page, monkeypatch, caplog):
    monkeypatch.setattr(page.session, "start_from", lambda photograph: photograph + 1)
    upload(page, "me.png", photograph())
    assert "TypeError" in said(page) and "TypeError" in caplog.text
    assert not page.sliders["Smiling"].disabled and not page.save.disabled


def test_saved_files_are_links_that_hold_them(page, tmp_path):
    upload(page, "me.jpg", photograph("JPEG"))
    page.save.click()
    names = ["face_1.png", "face_1.json", "photograph_1.jpg"]
    [links] = page.saved.children
    found = dict(re.findall(r'<a download="([^"]*)" href="data:[a-z/]*;base64,([^"]*)"', links.value))
    assert list(found) == names
    assert all(base64.b64decode(found[name]) == (tmp_path / name).read_bytes() for name in names)
    page.save_all.click()
    assert "history_1.png" in page.saved.children[0].value and "face_1" not in page.saved.children[0].value


def test_links_of_another_person_do_not_stay(page):
    another = (page.dice.click, lambda: upload(page, "me.png", photograph()), page.undo.click)
    for show_another in another:
        page.save.click()
        turn(page, "Smiling")
        assert page.saved.children, "it is the same person"
        page.undo.click()
        show_another()
        assert not page.saved.children


def test_generator_of_latents_says_that_it_draws_somebody_else(tmp_path):
    page = _Page(fg.EditSession(fg.RECIPES["dcgan2"].build(image_size=16, attributes=8)), tmp_path)
    seen = watch(page)
    upload(page, "me.png", photograph())
    assert "ten seconds" in seen[0][0] and "somebody like you" in said(page) and "%" not in said(page)
    assert "somebody like you" in shown(page)[1] and "your photograph" in shown(page, "before")[1]


def test_names_are_shown_as_text(editor, pretrained, tmp_path):
    """The names of a folder and of a file are written by whoever made them."""
    page = _Page(fg.EditSession(editor, faces=pretrained), tmp_path / MARKUP)
    upload(page, f"{MARKUP}.png", b"no picture")
    assert "<img" not in page.status.value and MARKUP in said(page)
    for button in (page.save, page.save_all):
        button.click()
        [links] = page.saved.children
        assert "<img" not in links.value and "&lt;img" in links.value


@pytest.mark.parametrize("failure", [TypeError(MARKUP), OSError(MARKUP), RecursionError(), MemoryError()])
def test_whatever_fails_leaves_a_note(page, monkeypatch, failure):
    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(page.session.gan, "sample", fail)
    monkeypatch.setattr(page.session.faces, "sample", fail)
    strength = page.session.current.strengths["Smiling"]
    for act in (page.dice.click, lambda: turn(page, "Smiling")):
        page.status.value = ""
        act()
        assert str(failure) in said(page) and said(page) and "<img" not in page.status.value
    assert page.sliders["Smiling"].value == strength, "it shows what the face was drawn with"


def test_generator_without_attributes_is_refused():
    with pytest.raises(ValueError, match="attributes"):
        fg.refine_widget(fg.RECIPES["udacity"].build(image_size=16))
