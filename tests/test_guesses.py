import json

import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg


@pytest.fixture
def guesses():
    gan = fg.RECIPES["dcgan2"].build(image_size=16, attributes=8)
    for weight in gan.generator.trainable_weights:
        weight.assign(3 * weight)  # untrained pictures hardly differ
    return fg.Guesses(gan)


def test_a_change_is_drawn_from_the_same_latents(guesses):
    first = guesses.current
    guesses.change("Smiling", 0.7)
    assert guesses.current.strengths == first.strengths | {"Smiling": 0.7}
    assert guesses.current.latents is first.latents
    assert (guesses.current.picture != first.picture).any()
    np.testing.assert_array_equal(guesses.before, first.picture)


def test_a_change_settles_what_contradicts_it(guesses):
    guesses.change("Black_Hair", 1)
    guesses.change("Blond_Hair", 1)
    assert guesses.current.strengths["Black_Hair"] == 0
    guesses.change("No_Beard", 0)
    assert guesses.current.strengths["Male"] == 1


def test_undo_and_redo_walk_through_the_history(guesses):
    pictures = [guesses.current.picture]
    for name in ("Smiling", "Male", "Young"):
        guesses.change(name, 1 - guesses.current.strengths[name])
        pictures.append(guesses.current.picture)
    for expected in reversed(pictures[:-1]):
        guesses.undo()
        assert guesses.current.picture is expected
    guesses.undo()
    assert guesses.current.picture is pictures[0]
    guesses.redo()
    assert guesses.current.picture is pictures[1]
    guesses.change("Eyeglasses", 1)
    guesses.redo()
    assert len(guesses.history) == 3, "a change after undo forgets what was undone"


def test_moving_one_slider_on_is_one_step(guesses):
    for strength in (0.2, 0.5, 0.9):
        guesses.change("Smiling", strength)
    assert len(guesses.history) == 2
    guesses.undo()
    assert guesses.current.strengths["Smiling"] == 0


def test_kept_face_stays_and_is_compared_with(guesses):
    guesses.change("Smiling", 1)
    kept = guesses.current.picture
    guesses.keep()
    with pytest.raises(ValueError, match="kept"):
        guesses.new_face()
    guesses.change("Male", 1)
    np.testing.assert_array_equal(guesses.before, kept)
    guesses.keep(False)
    guesses.new_face()
    assert guesses.current.strengths["Male"] == 1
    np.testing.assert_array_equal(guesses.before, guesses.current.picture)


def test_strip_shows_the_current_guess(guesses):
    for i in range(12):
        guesses.new_face()
        pictures, place = guesses.strip()
        assert len(pictures) == min(i + 2, 8)
        np.testing.assert_array_equal(pictures[place], guesses.current.picture)
    for _ in range(12):
        guesses.undo()
        pictures, place = guesses.strip()
        np.testing.assert_array_equal(pictures[place], guesses.current.picture)


@pytest.mark.parametrize("recipe", ["dcgan2", "dcgan5"])
def test_a_photograph_can_be_the_start(recipe, tmp_path):
    Image.new("L", (300, 200), 90).save(tmp_path / "photo.png")
    guesses = fg.Guesses(fg.RECIPES[recipe].build(image_size=16, attributes=8))
    note = guesses.start_from((tmp_path / "photo.png").read_bytes())
    assert "centre" in note and "error of" in note
    guesses.change("Smiling", 1)
    np.testing.assert_array_equal(guesses.before, np.full((16, 16, 3), 90))


def test_exports_open_and_redraw_the_face(guesses, tmp_path):
    guesses.change("Smiling", 0.5)
    picture, record = guesses.export(tmp_path / "out")
    again, _ = guesses.export(tmp_path / "out")
    assert picture != again
    Image.open(picture).verify()
    written = json.loads(record.read_text())
    assert written["attributes"]["Smiling"] == 0.5
    vector = [written["attributes"][name] for name in guesses.gan.attributes]
    redrawn = guesses.gan.sample(attributes=vector, latents=written["latents"])
    np.testing.assert_array_equal(redrawn[0], guesses.current.picture)
    assert Image.open(guesses.export_history(tmp_path / "out")).width > 16


def test_bad_wishes_are_refused_and_nothing_is_lost(guesses):
    with pytest.raises(ValueError, match="did you mean 'Smiling'"):
        guesses.change("Smilling", 1)
    with pytest.raises(ValueError, match="between 0"):
        guesses.change("Smiling", 2)
    with pytest.raises(ValueError, match="cannot be read"):
        guesses.start_from(b"no picture")
    assert len(guesses.history) == 1


def test_generator_without_attributes_is_refused():
    with pytest.raises(ValueError, match="no attributes.*modern"):
        fg.Guesses(fg.RECIPES["udacity"].build(image_size=16))
