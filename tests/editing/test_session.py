import io
import json

import numpy as np
import pytest
from PIL import Image, ImageOps

import facegen_keras as fg


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
    assert session.current.latents is first.latents
    assert (session.current.picture != first.picture).any()
    np.testing.assert_array_equal(session.before, first.picture)


def test_a_change_removes_what_contradicts_it(session):
    session.change("Black_Hair", 1)
    session.change("Blond_Hair", 1)
    assert session.current.strengths["Black_Hair"] == 0
    session.change("No_Beard", 0)
    assert session.current.strengths["Male"] == 1


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


def test_strip_shows_the_current_face(session):
    for i in range(12):
        session.new_face()
        pictures, place = session.strip()
        assert len(pictures) == min(i + 2, 8)
        np.testing.assert_array_equal(pictures[place], session.current.picture)
    for _ in range(12):
        session.undo()
        pictures, place = session.strip()
        np.testing.assert_array_equal(pictures[place], session.current.picture)


def photograph_of(grey):
    """The bytes of a photograph, all of one grey."""
    file = io.BytesIO()
    Image.new("L", (300, 200), grey).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("recipe", ["dcgan2", "dcgan5"])
def test_a_photograph_can_be_the_start(recipe):
    session = fg.EditSession(fg.RECIPES[recipe].build(image_size=16, attributes=8))
    note = session.start_from(photograph_of(90))
    assert "error" in note
    session.change("Smiling", 1)
    np.testing.assert_array_equal(session.before, np.full((16, 16, 3), 90))


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
    Image.open(picture).verify()
    written = json.loads(record.read_text(encoding="utf-8"))
    assert written["attributes"]["Smiling"] == 0.5
    vector = [written["attributes"][name] for name in session.gan.attributes]
    redrawn = session.gan.sample(attributes=vector, latents=written["latents"])
    np.testing.assert_array_equal(redrawn[0], session.current.picture)
    assert Image.open(session.export_history(tmp_path / "out")).width > 16


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
    assert len(session.history) == 1


def test_generator_without_attributes_is_refused():
    with pytest.raises(ValueError, match="attributes"):
        fg.EditSession(fg.RECIPES["udacity"].build(image_size=16))
