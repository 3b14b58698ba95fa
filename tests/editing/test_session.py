import io
import json

import numpy as np
import pytest
from PIL import Image, ImageOps

import facegen_keras as fg
from facegen_keras.data.landmarks import explain_missing_detector
from helpers import draw_people

needs_detector = pytest.mark.skipif(bool(explain_missing_detector()), reason="needs the extra photos")


@pytest.fixture
def session():
    gan = fg.RECIPES["dcgan2"].build(image_size=16, attributes=8)
    for weight in gan.generator.trainable_weights:
        weight.assign(3 * weight)  # untrained pictures hardly differ
    return fg.EditSession(gan)


def test_a_change_is_drawn_from_the_same_latents(session):
    first = session.current
    session.change("Smiling", 0.7)
    assert session.current.strengths == first.strengths | {"Smiling": 0.7}
    assert session.current.start is first.start
    assert (session.current.picture != first.picture).any()
    np.testing.assert_array_equal(session.before, first.picture)


def test_a_change_removes_what_contradicts_it(session):
    session.change("Black_Hair", 1)
    session.change("Blond_Hair", 1)
    assert session.current.strengths["Black_Hair"] == 0
    session.change("No_Beard", 0)
    assert session.current.strengths["Male"] == 1


def test_several_changes_are_one_step_and_what_is_named_stays_as_named(session):
    session.change_several({"No_Beard": 0, "Male": 0, "Black_Hair": 0.4})
    shown = session.current.strengths
    assert (shown["No_Beard"], shown["Male"], shown["Black_Hair"]) == (0, 0, 0.4) and len(session.history) == 2
    session.change_several({"Male": 0})
    assert len(session.history) == 2


def test_undo_and_redo_walk_through_the_history(session):
    pictures = [session.current.picture]
    for name in ("Smiling", "Male", "Young"):
        session.change(name, 1 - session.current.strengths[name])
        pictures.append(session.current.picture)
    for expected in reversed(pictures[:-1]):
        session.undo()
        assert session.current.picture is expected
    session.undo()
    assert session.current.picture is pictures[0]
    session.redo()
    assert session.current.picture is pictures[1]
    session.change("Eyeglasses", 1)
    session.redo()
    assert len(session.history) == 3, "a change after undo forgets what was undone"


def test_moving_one_slider_on_is_one_step(session):
    for strength in (0.2, 0.5, 0.9):
        session.change("Smiling", strength)
    assert len(session.history) == 2
    session.undo()
    assert session.current.strengths["Smiling"] == 0


def test_kept_face_stays_and_is_compared_with(session):
    session.change("Smiling", 1)
    kept = session.current.picture
    session.keep()
    with pytest.raises(ValueError, match="kept"):
        session.new_face()
    session.change("Male", 1)
    np.testing.assert_array_equal(session.before, kept)
    session.keep(False)
    session.new_face()
    assert session.current.strengths["Male"] == 1
    np.testing.assert_array_equal(session.before, session.current.picture)


def test_strip_has_the_current_step(session):
    for i in range(12):
        session.new_face()
        assert len(session.strip()) == min(i + 2, 8) and session.place in session.strip()
    for _ in range(12):
        session.undo()
        assert len(session.strip()) == 8 and session.place in session.strip()
    session.go_to(session.strip()[3])
    assert session.place == 3


def test_a_change_to_what_is_there_is_no_step(session):
    session.change("Smiling", session.current.strengths["Smiling"])
    assert len(session.history) == 1


def photograph_of(grey, form="PNG", **options):
    """The bytes of a photograph, all of one grey."""
    file = io.BytesIO()
    Image.new("L", (300, 200), grey).save(file, form, **options)
    return file.getvalue()


@pytest.fixture(scope="module")
def editor():
    """A session whose GAN is fed pictures, and new faces drawn by a small one."""
    gan = fg.RECIPES["editor"].build()
    return lambda: fg.EditSession(gan, faces=fg.RECIPES["dcgan2"].build(image_size=16, attributes=8))


@pytest.fixture(scope="module")
def friends():
    """A photograph of two drawn people on a green wall, the smaller left: a PIL image."""
    photo = Image.new("RGB", (900, 500), (90, 120, 90))
    for person, side, place in zip(draw_people(2, {"Wearing_Hat": 0}), (200, 300), ((80, 150), (500, 100))):
        photo.paste(Image.fromarray(person).resize((side, side), Image.Resampling.BICUBIC), place)
    return photo


def test_a_photograph_is_redrawn_by_a_generator_of_latents_and_the_note_says_so():
    session = fg.EditSession(fg.RECIPES["dcgan2"].build(image_size=16, attributes=8))
    note = session.start_from(photograph_of(90))
    assert "somebody like you" in note and "%" not in note
    session.change("Smiling", 1)
    np.testing.assert_array_equal(session.before, np.full((16, 16, 3), 90))
    assert session.compared_with == "your photograph"


def test_a_photograph_that_is_not_changed_stays_as_it_is_bit_for_bit(editor, friends):
    session = editor()
    session.start_from(friends)
    picture = session.current.picture
    read = fg.estimate_attributes(picture[None])[0]
    shown = dict(zip(fg.ATTRIBUTES, np.rint(read)))
    assert session.current.strengths == {name: shown[name] for name in session.gan.attributes}
    np.testing.assert_array_equal(session.full_size(), friends)
    session.change("Smiling", 1 - session.current.strengths["Smiling"])
    session.undo()
    np.testing.assert_array_equal(session.full_size(), friends)
    assert session.current.picture is picture


def test_a_change_is_laid_over_the_photograph_where_the_face_is(editor, friends):
    session = editor()
    session.start_from(friends)
    session.change("Smiling", 1 - session.current.strengths["Smiling"])
    changed = (np.asarray(session.full_size()) != np.asarray(friends)).any(axis=2)
    assert session.full_size().size == friends.size and changed.any()
    assert not changed[:, :40].any() and not changed[:40].any() and changed.mean() < 0.7
    before, after = session.views()
    assert before.size == after.size and max(before.size) <= 512


def test_a_view_is_the_full_size_seen_from_nearby(editor, friends):
    """What is shown of a change is, but for its resolution, a part of what is saved."""
    session = editor()
    session.start_from(friends)
    session.change("Smiling", 1 - session.current.strengths["Smiling"])
    portrait, (before, after) = session.current.start.portrait, session.views()
    place = portrait.view[1].transform @ [89, 109, 1]
    whole = portrait._place.transform @ [89, 109, 1]
    for shown, photo in ((before, friends), (after, session.full_size())):
        near = [
            image.crop((*(np.rint(at).astype(int) - 8), *(np.rint(at).astype(int) + 8)))
            for image, at in ((shown, place), (photo, whole))
        ]
        assert np.abs(np.asarray(near[0], float).mean((0, 1)) - np.asarray(near[1], float).mean((0, 1))).max() < 8


@needs_detector
def test_of_several_faces_one_is_chosen(editor, friends):
    session = editor()
    assert "2 faces" in session.start_from(friends)
    first = session.current
    session.choose_face(1)
    assert len(session.history) == 3 and (session.before != first.start.picture).any()
    with pytest.raises(ValueError, match="face=2"):
        session.choose_face(2)
    session.undo()
    assert session.current is first
    session.new_face()
    with pytest.raises(ValueError, match="photograph"):
        session.choose_face(0)


def test_without_a_photograph_a_face_is_drawn_and_read(editor):
    session = editor()
    start = session.current.start
    assert start.picture.shape == (64, 64, 3) and set(start.strengths) == set(session.gan.attributes)
    assert session.compared_with == "the face as it was drawn"
    session.new_face()
    assert (session.before != start.picture).any()
    with pytest.raises(ValueError, match="photograph"):
        session.full_size()


@pytest.mark.parametrize(("crop", "is_bright"), [(148, True), (None, False)])
def test_a_photograph_is_framed_as_the_generator_was_trained(crop, is_bright):
    framed = ImageOps.expand(Image.new("L", (158, 198), 255), 10, 0)
    session = fg.EditSession(fg.RECIPES["dcgan5"].build(image_size=16, attributes=8, crop=crop))
    session.start_from(framed)
    assert (session.before[0, 0, 0] > 128) == is_bright, "the border is black"


def test_each_face_is_compared_with_the_photograph_that_it_started_from(session):
    session.start_from(photograph_of(90))
    session.change("Smiling", 1)
    session.start_from(photograph_of(200))
    assert session.before.mean() == 200
    session.undo()
    assert session.before.mean() == 90
    session.new_face()
    np.testing.assert_array_equal(session.before, session.current.picture)
    session.undo()
    assert session.before.mean() == 90


def test_exports_open_and_redraw_the_face(session, tmp_path):
    session.change("Smiling", 0.5)
    picture, record = session.export(tmp_path / "out")
    again, _ = session.export(tmp_path / "out")
    assert picture != again
    np.testing.assert_array_equal(Image.open(picture), session.current.picture)
    written = json.loads(record.read_text(encoding="utf-8"))
    assert written["attributes"]["Smiling"] == 0.5
    vector = [written["attributes"][name] for name in session.gan.attributes]
    redrawn = session.gan.sample(attributes=vector, latents=written["latents"])
    np.testing.assert_array_equal(redrawn[0], session.current.picture)
    assert Image.open(session.export_history(tmp_path / "out")).width > 16


@pytest.mark.slow
def test_exports_say_that_they_were_edited(editor, friends, tmp_path):
    session = editor()
    session.change("Smiling", 1 - session.current.strengths["Smiling"])
    drawn = Image.open(session.export(tmp_path)[0])
    assert drawn.info["Software"] == "facegen_keras" and drawn.info["Recipe"] == "editor"
    assert "drawn by a network" in drawn.info["Edited"] and json.loads(drawn.info["Attributes"])
    assert "/trainedAlgorithmicMedia" in drawn.info["XML:com.adobe.xmp"]
    file = io.BytesIO()
    friends.save(file, "JPEG", quality=95, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
    for source, suffix in ((file.getvalue(), ".jpg"), (photograph_of(90), ".png")):
        session.start_from(source)
        session.change("Smiling", 1 - session.current.strengths["Smiling"])
        face, record, photograph = session.export(tmp_path)
        saved = Image.open(photograph)
        assert photograph.suffix == suffix and saved.size == Image.open(io.BytesIO(source)).size
        said = saved.info["Edited"] if suffix == ".png" else saved.getexif()[0x010E]
        assert said == json.loads(record.read_text(encoding="utf-8"))["edited"] and "Smiling" in said
        if suffix == ".jpg":
            assert b"Recipe: editor" in saved.info["comment"] and saved.getexif()[0x0131] == "facegen_keras"


def test_an_export_stays_in_its_folder_and_keeps_what_is_there(session, tmp_path):
    folder, outside = tmp_path / "out", tmp_path / "outside.png"
    folder.mkdir()
    (folder / "face_1.json").write_text("mine", encoding="utf-8")
    (folder / "face_2.png").symlink_to(outside)
    exported = {*session.export(folder), session.export_history(folder)}
    assert {file for file in tmp_path.rglob("*") if file.is_file()} == {*exported, folder / "face_1.json"}
    assert (folder / "face_1.json").read_text(encoding="utf-8") == "mine"


def test_an_export_that_fails_leaves_no_half_written_file(session, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="full"):
        session.export(tmp_path)
    assert not list(tmp_path.iterdir())


def test_bad_input_is_refused_and_nothing_is_lost(session):
    with pytest.raises(ValueError, match="'Smiling'"):
        session.change("Smilling", 1)
    with pytest.raises(ValueError, match="between"):
        session.change("Smiling", 2)
    with pytest.raises(ValueError, match="picture"):
        session.start_from(b"no picture")
    with pytest.raises(ValueError, match="face=1"):
        session.start_from(photograph_of(90), face=1)
    assert len(session.history) == 1


def test_generator_without_attributes_is_refused():
    with pytest.raises(ValueError, match="attributes"):
        fg.EditSession(fg.RECIPES["udacity"].build(image_size=16))
