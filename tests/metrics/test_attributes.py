"""Whether faces show what they were asked for, and what they show unasked."""

import math
import warnings

import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.metrics.attributes import balanced_accuracy
from helpers import draw_people


@pytest.fixture(scope="module")
def women_and_men():
    """16 of each, uint8 (2, 16, 64, 64, 3)."""
    return np.stack([draw_people(16, {"Male": male}) for male in (0, 1)])


def test_attribute_response_is_zero_only_for_a_generator_that_ignores_it():
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    assert fg.attribute_response(gan, "Male", count=8) > 0
    first = gan.generator.get_layer("body").layers[0]
    weights = first.kernel.numpy()
    weights[100 + gan.attributes.index("Male")] = 0  # the row that reads Male
    first.kernel.assign(weights)
    assert fg.attribute_response(gan, "Male", count=8) == 0
    assert fg.attribute_response(gan, "Smiling", count=8) > 0
    with pytest.raises(ValueError, match="count"):
        fg.attribute_response(gan, "Male", count=1)


def test_attribute_response_of_a_generator_that_makes_one_face_only():
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    gan.generator.set_weights([np.zeros_like(weights) for weights in gan.generator.get_weights()])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(fg.attribute_response(gan, "Male", count=4))


def test_refinement_is_scored_by_what_is_read_off_the_faces(women_and_men):
    """Women as originals, a woman again as the change of nothing, and men as the change to Male."""
    women, men = women_and_men
    sheet = np.stack([women, women, women, men], axis=1)
    scores = fg.refinement_scores(sheet, [{"Smiling": 1}, {"Male": 1}])
    same, changed = scores.loc["Smiling"], scores.loc["Male"]
    assert same["before"] == same["after"] and same["others kept"] == 1 and same["moved"] == same["face moved"] == 0
    assert changed["after"] > changed["before"] + 0.3
    assert changed["others kept"] < 1 and changed["moved"] > 0 and changed["face moved"] > 0.3


def test_refinement_of_one_face_only_has_no_scale(women_and_men):
    women, men = (np.repeat(people[:1], 2, axis=0) for people in women_and_men)
    scores = fg.refinement_scores(np.stack([women, women, men], axis=1), [{"Male": 1}])
    assert math.isnan(scores.loc["Male", "face moved"]) and scores.loc["Male", "moved"] > 0


@pytest.mark.parametrize(
    "faces, changes, word",
    [(1, [{"Male": 1}], "faces"), (2, [{"Male": 1}] * 2, "columns"), (2, [{"Male": 0.5}], "strength")],
)
def test_sheets_that_cannot_be_scored(faces, changes, word, women_and_men):
    sheet = np.repeat(women_and_men[0][:faces, None], 3, axis=1)
    with pytest.raises(ValueError, match=word):
        fg.refinement_scores(sheet, changes)


@pytest.mark.slow
def test_refinement_sheet_redraws_and_changes():
    gan = fg.load_pretrained()
    pictures = gan.sample(2, seed=5)
    sheet, titles = fg.refinement_sheet(gan, pictures, [{"Smiling": 1, "Young": 0}, {"Eyeglasses": 0.5}])
    assert titles == ["original", "redrawn", "Smiling, not Young", "Eyeglasses 0.5"]
    np.testing.assert_array_equal(sheet[:, 0], pictures)
    error = np.abs(sheet[:, 1].astype(float) - pictures).mean(axis=(1, 2, 3))
    other = np.abs(sheet[::-1, 1].astype(float) - pictures).mean(axis=(1, 2, 3))
    assert (error < other).all()


def test_balanced_accuracy_tells_right_labels_from_shuffled_and_wrong_ones(women_and_men):
    people = np.concatenate(women_and_men)
    right = np.repeat([[0], [1]], 16, axis=0)
    score = balanced_accuracy(people, right, ["Male"])[0]
    shuffled = balanced_accuracy(people, np.tile([[0], [1]], (16, 1)), ["Male"])[0]
    assert score > 0.65 and abs(shuffled - 0.5) < 0.15
    assert balanced_accuracy(people, 1 - right, ["Male"])[0] == pytest.approx(1 - score)
    assert np.isnan(balanced_accuracy(people[:16], right[:16], ["Male"])[0])


def test_attribute_accuracy_stands_beside_that_of_real_faces(faces_folder):
    table = fg.attribute_accuracy(fg.load_pretrained(), 100, data=faces_folder)
    assert table.loc[["Male", "Smiling"], "generated"].min() > 0.75
    assert table.attrs["generated faces"] == 100 and table.attrs["real faces"] == 20
    with pytest.raises(ValueError, match="attributes"):
        fg.attribute_accuracy(fg.RECIPES["udacity"].build(image_size=16))


def test_attribute_accuracy_crops_real_faces_as_the_generators(faces_folder):
    gan = fg.RECIPES["dcgan2"].build(image_size=16, crop=108)
    table = fg.attribute_accuracy(gan, 20, data=faces_folder)
    assert table.attrs["crop"] == 108
    real, labels = fg.load_arrays(image_size=16, attributes=gan.attributes, data=faces_folder, crop=108)
    np.testing.assert_allclose(table["real"], balanced_accuracy(real, labels, gan.attributes))


def test_bias_report_says_what_is_generated_too_often():
    everyone, men = draw_people(50), draw_people(25, {"Male": 1, "Eyeglasses": 1}, seed=8)
    table = fg.bias_report(everyone, men)
    assert len(table) == 40 and table["ratio"].dropna().is_monotonic_decreasing
    assert table.loc["Eyeglasses", "ratio"] > 2 and table.loc["Male", "ratio"] > 1.3
    assert table.loc["Wearing_Lipstick", "ratio"] < 0.7
    same = fg.bias_report(everyone, everyone)
    assert (same["ratio"].dropna() == 1).all()
