import numpy as np
import pytest
from people import draw_people

import facegen_keras as fg
from facegen_keras.attribute_metrics import balanced_accuracy


def test_attribute_response_is_zero_only_for_a_generator_that_ignores_it():
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    assert fg.attribute_response(gan, "Male", count=8) > 0
    first = gan.generator.get_layer("body").layers[0]
    weights = first.kernel.numpy()
    weights[100 + gan.attributes.index("Male")] = 0  # the row that reads Male
    first.kernel.assign(weights)
    assert fg.attribute_response(gan, "Male", count=8) == 0
    assert fg.attribute_response(gan, "Smiling", count=8) > 0


def test_refinement_is_scored_by_what_is_read_off_the_faces():
    """Women as originals, a woman again as the correction to nothing, and men as the correction to Male."""
    women, men = (draw_people(16, {"Male": male}) for male in (0, 1))
    sheet = np.stack([women, women, women, men], axis=1)
    scores = fg.refinement_scores(sheet, [{"Smiling": 1}, {"Male": 1}])
    same, changed = scores.loc["Smiling"], scores.loc["Male"]
    assert same["before"] == same["after"] and same["others kept"] == 1 and same["moved"] == same["face moved"] == 0
    assert changed["after"] > changed["before"] + 0.3
    assert changed["others kept"] < 1 and changed["moved"] > 0 and changed["face moved"] > 0.3


def test_refinement_sheet_redraws_and_changes():
    gan = fg.load_pretrained()
    pictures = gan.sample(2, seed=5)
    sheet, titles = fg.refinement_sheet(gan, pictures, [{"Smiling": 1, "Young": 0}, {"Eyeglasses": 0.5}])
    assert titles == ["original", "redrawn", "Smiling, not Young", "Eyeglasses 0.5"]
    np.testing.assert_array_equal(sheet[:, 0], pictures)
    error = np.abs(sheet[:, 1].astype(float) - pictures).mean(axis=(1, 2, 3))
    other = np.abs(sheet[::-1, 1].astype(float) - pictures).mean(axis=(1, 2, 3))
    assert (error < other).all()


def test_attribute_accuracy_tells_right_labels_from_shuffled_and_wrong_ones():
    people = np.concatenate([draw_people(30, {"Male": male}) for male in (0, 1)])
    right = np.repeat([[0], [1]], 30, axis=0)
    score = balanced_accuracy(people, right, ["Male"])[0]
    shuffled = balanced_accuracy(people, np.tile([[0], [1]], (30, 1)), ["Male"])[0]
    assert score > 0.65 and abs(shuffled - 0.5) < 0.1
    assert balanced_accuracy(people, 1 - right, ["Male"])[0] == pytest.approx(1 - score)
    assert np.isnan(balanced_accuracy(people[:30], right[:30], ["Male"])[0])


def test_attribute_accuracy_stands_beside_that_of_real_faces(faces_folder):
    table = fg.attribute_accuracy(fg.load_pretrained(), 200, data=faces_folder)
    assert table.loc[["Male", "Smiling"], "generated"].min() > 0.75
    assert table.attrs["generated faces"] == 200 and table.attrs["real faces"] == 20 and table.attrs["crop"] == 148
    with pytest.raises(ValueError, match="no attributes"):
        fg.attribute_accuracy(fg.RECIPES["udacity"].build(image_size=16))


def test_bias_report_says_what_is_drawn_too_often():
    everyone, men = draw_people(80), draw_people(40, {"Male": 1, "Eyeglasses": 1}, seed=8)
    table = fg.bias_report(everyone, men)
    assert len(table) == 40 and table["ratio"].dropna().is_monotonic_decreasing
    assert table.loc["Eyeglasses", "ratio"] > 2 and table.loc["Male", "ratio"] > 1.3
    assert table.loc["Wearing_Lipstick", "ratio"] < 0.7
    same = fg.bias_report(everyone, everyone)
    assert (same["ratio"].dropna() == 1).all()
