import numpy as np
import pandas as pd
import pytest

from facegen_keras import attributes as names
from facegen_keras.attribute_statistics import EXCLUSIVE, celeba_statistics, draw_attributes, measure_statistics
from facegen_keras.attributes import ATTRIBUTES, resolve_attributes


def test_selections_have_their_sizes_and_only_celebas_names():
    assert len(set(ATTRIBUTES)) == 40
    for size, selection in names.SELECTIONS.items():
        assert len(set(selection)) == size
        assert set(selection) <= set(ATTRIBUTES)


def test_selection_by_size_name_list_or_none():
    assert resolve_attributes("5") == resolve_attributes(5) == names.ATTRIBUTES_5
    assert resolve_attributes("Male") == ("Male",)
    assert resolve_attributes(["Smiling", "Male"]) == ("Smiling", "Male")
    assert resolve_attributes(None) == ()


@pytest.mark.parametrize("wrong, nearest", [("Smilling", "Smiling"), ("blond hair", "Blond_Hair"), ("male", "Male")])
def test_misspelt_name_is_told_the_nearest(wrong, nearest):
    with pytest.raises(ValueError, match=f"did you mean '{nearest}'"):
        resolve_attributes([wrong])


@pytest.mark.parametrize("wrong", [7, "12", ["Male", "Male"]])
def test_no_such_selection(wrong):
    with pytest.raises(ValueError):
        resolve_attributes(wrong)


def test_wrong_attributes():
    own = np.array([[1, 0], [0, 0], [1, 1]], np.float32)
    np.testing.assert_array_equal(names.flip(own), 1 - own)
    np.testing.assert_array_equal(names.shuffle(own), own[[2, 0, 1]])


def test_statistics_measure_frequency_and_phi():
    table = pd.DataFrame({"Male": [1, 1, 0, 0], "Smiling": [1, 1, 0, 1], "Bald": [0, 0, 0, 0]})
    measured = measure_statistics(table)
    assert measured.loc["Smiling", "frequency"] == 0.75
    assert measured.loc["Male", "Smiling"] == pytest.approx(1 / np.sqrt(3))
    assert measured.loc["Male", "Bald"] == 0


def test_drawn_attributes_follow_celeba():
    drawn = measure_statistics(pd.DataFrame(draw_attributes(20_000, seed=1), columns=ATTRIBUTES))
    celeba = celeba_statistics()
    assert (drawn["frequency"] - celeba["frequency"]).abs().max() < 0.02
    difference = (drawn - celeba).drop(columns="frequency").abs().to_numpy()
    assert difference.mean() < 0.02
    assert difference.max() < 0.15


def test_drawn_attributes_are_possible_and_repeatable():
    drawn = draw_attributes(500, seed=3)
    for group in EXCLUSIVE:
        assert drawn[:, [ATTRIBUTES.index(name) for name in group]].sum(axis=1).max() <= 1
    np.testing.assert_array_equal(drawn, draw_attributes(500, seed=3))
    np.testing.assert_array_equal(drawn[:20], draw_attributes(20, seed=3))
    assert (drawn != draw_attributes(500, seed=4)).any()


def test_given_attributes_hold_and_the_rest_goes_with_them():
    men = pd.DataFrame(draw_attributes(2_000, seed=0, given={"Male": 1}), columns=ATTRIBUTES)
    women = pd.DataFrame(draw_attributes(2_000, seed=0, given={"Male": 0}), columns=ATTRIBUTES)
    assert (men["Male"] == 1).all() and (women["Male"] == 0).all()
    assert women["Wearing_Lipstick"].mean() - men["Wearing_Lipstick"].mean() > 0.5


def test_a_contradictory_wish_is_fulfilled_to_the_letter():
    drawn = pd.DataFrame(draw_attributes(5, given={"Bald": 1, "Bangs": 1}), columns=ATTRIBUTES)
    assert drawn[["Bald", "Bangs"]].to_numpy().all()


def test_wish_that_is_neither_0_nor_1():
    with pytest.raises(ValueError, match="0 or 1"):
        draw_attributes(1, given={"Male": 2})
