"""The names of attributes, and how often they occur."""

import numpy as np
import pandas as pd
import pytest

from facegen_keras.data import attributes as names
from facegen_keras.data.attribute_statistics import (
    EXCLUSIVE,
    celeba_statistics,
    implied_attributes,
    measure_statistics,
    related_attributes,
    sample_attributes,
)
from facegen_keras.data.attributes import ATTRIBUTES, check_spelling, resolve_attributes
from facegen_keras.data.celeba import load_faces


def test_selections_have_their_sizes_and_only_celebas_names():
    assert len(set(ATTRIBUTES)) == 40
    for size, selection in names.SELECTIONS.items():
        assert len(set(selection)) == size
        assert set(selection) <= set(ATTRIBUTES)


def test_selection_by_size_name_list_or_none():
    assert resolve_attributes("5") == resolve_attributes(5) == names.ATTRIBUTES_5
    assert resolve_attributes("Male") == ("Male",)
    assert resolve_attributes(["Smiling", "Male"]) == ("Smiling", "Male")


@pytest.mark.parametrize("nothing", [None, [], (), "none", "None"])
def test_no_attributes(nothing, tiny_celeba):
    assert resolve_attributes(nothing) == ()
    assert next(iter(load_faces(8, 4, nothing, data=tiny_celeba)))[1].shape == (4, 0)


@pytest.mark.parametrize("wrong, nearest", [("Smilling", "Smiling"), ("blond hair", "Blond_Hair"), ("male", "Male")])
def test_misspelt_name_is_told_the_nearest(wrong, nearest):
    with pytest.raises(ValueError, match=nearest):
        resolve_attributes([wrong], known=ATTRIBUTES)


@pytest.mark.parametrize("wrong", [["Smilling"], ["Male", "Smilling"], ["Wearing_Hats"]])
def test_a_misspelt_name_of_celebas_is_refused_before_there_are_labels(wrong):
    with pytest.raises(ValueError, match="did you mean '(Smiling|Wearing_Hat)'"):
        check_spelling(wrong)


@pytest.mark.parametrize("own", [["Robot", "Cat"], ["smiling"], ["Robot", "Smilling"], ["Male", "Robot"], ["0", "1"]])
def test_names_of_ones_own_are_not_taken_for_celebas(own):
    assert check_spelling(resolve_attributes(own)) == tuple(own)


@pytest.mark.parametrize("wrong", [[""], [" "], ["a\nb"], ["x" * 101], [3], [None], [f"label {i}" for i in range(101)]])
def test_what_no_attribute_can_be_called(wrong):
    with pytest.raises(ValueError, match="1 to 100 characters|at most 100"):
        resolve_attributes(wrong)


def test_names_are_chosen_from_those_known():
    assert resolve_attributes(1, known=("Male", "Young")) == ("Male",)
    with pytest.raises(ValueError, match="Smiling"):
        resolve_attributes(2, known=("Male", "Young"))


@pytest.mark.parametrize("wrong", [0, 7, "12", 1.5, -1, "", ["Male", "Male"]])
def test_no_such_selection(wrong):
    with pytest.raises(ValueError):
        resolve_attributes(wrong)


def test_statistics_measure_frequency_and_phi():
    table = pd.DataFrame({"Male": [1, 1, 0, 0], "Smiling": [1, 1, 0, 1], "Bald": [0, 0, 0, 0]})
    measured = measure_statistics(table)
    assert measured.loc["Smiling", "frequency"] == 0.75
    assert measured.loc["Male", "Smiling"] == pytest.approx(1 / np.sqrt(3))
    assert measured.loc["Male", "Bald"] == 0


def test_drawn_attributes_follow_celeba():
    drawn = measure_statistics(pd.DataFrame(sample_attributes(20_000, seed=1), columns=ATTRIBUTES))
    celeba = celeba_statistics()
    assert (drawn["frequency"] - celeba["frequency"]).abs().max() < 0.02
    difference = (drawn - celeba).drop(columns="frequency").abs().to_numpy()
    assert difference.mean() < 0.02
    assert difference.max() < 0.15


def test_drawn_attributes_are_possible_and_repeatable():
    drawn = sample_attributes(500, seed=3)
    for group in EXCLUSIVE:
        assert drawn[:, [ATTRIBUTES.index(name) for name in group]].sum(axis=1).max() <= 1
    np.testing.assert_array_equal(drawn, sample_attributes(500, seed=3))
    np.testing.assert_array_equal(drawn[:20], sample_attributes(20, seed=3))
    assert (drawn != sample_attributes(500, seed=4)).any()


def test_given_attributes_hold_and_the_rest_goes_with_them():
    men = pd.DataFrame(sample_attributes(2_000, seed=0, given={"Male": 1}), columns=ATTRIBUTES)
    women = pd.DataFrame(sample_attributes(2_000, seed=0, given={"Male": 0}), columns=ATTRIBUTES)
    assert (men["Male"] == 1).all() and (women["Male"] == 0).all()
    assert women["Wearing_Lipstick"].mean() - men["Wearing_Lipstick"].mean() > 0.5


def test_given_attributes_hold_even_where_they_contradict_each_other():
    drawn = pd.DataFrame(sample_attributes(5, given={"Bald": 1, "Bangs": 1}), columns=ATTRIBUTES)
    assert drawn[["Bald", "Bangs"]].to_numpy().all()


def test_a_rare_combination_has_what_follows_from_it():
    given = {"Blond_Hair": 1, "Male": 1, "Eyeglasses": 1, "Bald": 0, "Gray_Hair": 0, "Mustache": 1, "Wearing_Hat": 0}
    drawn = pd.DataFrame(sample_attributes(200, given=given), columns=ATTRIBUTES)
    assert (drawn[list(given)] == pd.Series(given)).all(axis=None)
    assert not drawn[["Black_Hair", "Brown_Hair", "No_Beard"]].to_numpy().any()


def test_given_value_that_is_neither_0_nor_1():
    with pytest.raises(ValueError, match="0 or 1"):
        sample_attributes(1, given={"Male": 2})


def test_count_and_seed_must_be_whole_numbers():
    with pytest.raises(ValueError, match="count"):
        sample_attributes(1.5)
    with pytest.raises(ValueError, match="seed"):
        sample_attributes(1, seed=1.5)


def test_implied_attributes():
    hair = implied_attributes({"Blond_Hair": 1})
    assert hair["Bald"] == hair["Black_Hair"] == 0 and "Blond_Hair" not in hair and "Male" not in hair
    assert implied_attributes({"Goatee": 1}) == {"No_Beard": 0, "Male": 1}
    assert implied_attributes({"No_Beard": 0}) == {"Male": 1}
    assert implied_attributes({"Blond_Hair": 0}) == {}


def test_what_may_go_along_with_a_change():
    """A correlation, such as a beard's with Male, or what a face cannot have at once, such as two hair colours."""
    changed = ("Male", "Black_Hair", "Wearing_Hat")
    related = related_attributes(changed)
    named = {name: {other for other, goes in zip(ATTRIBUTES, row) if goes} for name, row in zip(changed, related)}
    assert {"Male", "No_Beard", "Wearing_Lipstick"} <= named["Male"] and "Smiling" not in named["Male"]
    assert named["Black_Hair"] == {"Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair", "Bald"}
    assert named["Wearing_Hat"] == {"Wearing_Hat"}
