"""Labels are drawn as a data set of one's own has them."""

import json

import numpy as np
import pytest

from facegen_keras.data import label_statistics
from facegen_keras.data.label_statistics import LabelStatistics

RNG = np.random.default_rng(0)
CLASSES = np.eye(3)[RNG.choice(3, 600, p=(0.6, 0.3, 0.1))]
ROBOT = RNG.random(600) < 0.5
TOGETHER = np.stack([ROBOT, ROBOT & (RNG.random(600) < 0.8), RNG.random(600) < 0.2], axis=1)


def measure(values, names=("a", "b", "c")):
    return LabelStatistics.measure(names, values)


def test_classes_are_drawn_one_at_a_time_and_as_often():
    statistics = measure(CLASSES)
    drawn = statistics.sample(4_000, seed=1)
    assert statistics.are_classes and (drawn.sum(axis=1) == 1).all()
    np.testing.assert_allclose(drawn.mean(axis=0), CLASSES.mean(axis=0), atol=0.03)
    assert (statistics.sample(50, given={"b": 1}) == [0, 1, 0]).all()
    assert not statistics.sample(50, given={"b": 0})[:, 1].any()
    assert statistics.implied({"b": 1}) == {"a": 0, "c": 0} and statistics.implied({"b": 0}) == {}
    assert statistics.plain.tolist() == [1, 0, 0]


def test_of_two_classes_one_is_what_the_other_is_not():
    statistics = measure(CLASSES[:, :1] == [[1, 0]], ("smiling", "neutral"))
    assert statistics.implied({"smiling": 0}) == {"neutral": 1}


def test_what_goes_together_is_drawn_together():
    statistics = measure(TOGETHER)
    drawn = statistics.sample(4_000, seed=1)
    np.testing.assert_allclose(drawn.mean(axis=0), TOGETHER.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(np.corrcoef(drawn.T), np.corrcoef(TOGETHER.T), atol=0.06)
    assert not statistics.are_classes and statistics.plain.tolist() == [0, 0, 0]
    assert statistics.implied({"b": 1}) == {"a": 1} and statistics.implied({"a": 0}) == {"b": 0}
    assert statistics.implied({"a": 1}) == statistics.implied({"c": 1}) == {}
    assert statistics.implied({"b": 1, "a": 0.5}) == {}


def test_what_is_given_holds_even_where_no_picture_has_it():
    drawn = measure(TOGETHER).sample(200, given={"a": 0, "b": 1})
    assert (drawn[:, :2] == [0, 1]).all() and 0 < drawn[:, 2].mean() < 1


def test_few_pictures_imply_nothing_by_chance():
    assert measure(TOGETHER[:8]).implied({"c": 1}) == {}


def test_the_same_seed_draws_the_same():
    statistics = measure(TOGETHER)
    np.testing.assert_array_equal(statistics.sample(60, 3)[:20], statistics.sample(20, 3))
    assert (statistics.sample(60, 3) != statistics.sample(60, 4)).any()
    with pytest.raises(ValueError, match="did you mean|expected one of"):
        statistics.sample(2, given={"d": 1})


def test_strengths_in_between_are_kept():
    statistics = measure(np.array([[0.25, 1, 0]] * 5))
    assert statistics.sample(2).tolist() == [[0.25, 1, 0]] * 2
    assert statistics.frequencies.tolist() == [0.25, 1, 0]


def test_many_different_vectors_are_kept_in_part(monkeypatch):
    monkeypatch.setattr(label_statistics, "KEPT", 200)
    values = np.random.default_rng(1).random((3_000, 12)) < np.linspace(0.1, 0.9, 12)
    statistics = measure(values, tuple("abcdefghijkl"))
    assert len(statistics.counts) <= 200
    np.testing.assert_allclose(statistics.frequencies, values.mean(axis=0), atol=0.12)


def test_it_comes_back_from_json():
    statistics = measure(np.concatenate([TOGETHER, [[0.25, 0.5, 1]]]))
    config = json.loads(json.dumps(statistics.get_config()))
    again = LabelStatistics.from_config(statistics.names, config)
    np.testing.assert_array_equal(again.sample(100), statistics.sample(100))


@pytest.mark.parametrize(
    "change",
    [
        {"vectors": ["0000"]},
        {"vectors": ["000000", "0000ff"]},
        {"vectors": []},
        {"counts": [0, 1]},
        {"counts": [1]},
        {"counts": [[3], [1]]},
        {"counts": [10**30, 1]},
        {"vectors": ["zz", "zz"]},
    ],
    ids=str,
)
def test_what_are_no_statistics_is_refused(change):
    config = {"vectors": ["000000", "640000"], "counts": [3, 1]}
    assert LabelStatistics.from_config("abc", config).frequencies.tolist() == [0.25, 0, 0]
    with pytest.raises((ValueError, OverflowError)):
        LabelStatistics.from_config("abc", config | change)
