"""The scores of sets of pictures: do they order what is worse, and say how they were measured?"""

import copy
import dataclasses
import pickle

import keras
import numpy as np
import pytest
from PIL import Image, ImageFilter

import facegen_keras as fg
from facegen_keras.metrics.features import INCEPTION_FILE, find_features
from facegen_keras.metrics.scores import Score
from helpers import draw_people

COUNT = 96


@pytest.fixture(scope="module")
def people():
    return draw_people(COUNT)


@pytest.fixture(scope="module")
def others():
    return draw_people(COUNT, seed=11)


def blurred(pictures, radius):
    return np.stack([np.asarray(Image.fromarray(p).filter(ImageFilter.GaussianBlur(radius))) for p in pictures])


def noised(pictures, amount):
    noise = np.random.default_rng(0).normal(0, amount, pictures.shape)
    return np.clip(pictures + noise, 0, 255).astype(np.uint8)


def seeing_once(features):
    """Features that remember the pictures that they have seen."""
    seen = {}

    def extract(pictures):
        key = pictures.tobytes()
        if key not in seen:
            seen[key] = features.extract(pictures)
        return seen[key]

    return dataclasses.replace(features, extract=extract)


@pytest.mark.slow
def test_kid_and_fid_order_what_is_worse():
    """Other people are near; blur, noise, one kind of people and one person are far, and further the more of it."""
    people, others = draw_people(160), draw_people(160, seed=11)  # FID of fewer is mostly its bias
    sets = {
        "others": others,
        "men": draw_people(160, {"Male": 1}, seed=11),
        "blurred": blurred(others, 1.5),
        "more blurred": blurred(others, 4),
        "noised": noised(others, 25),
        "more noised": noised(others, 80),
        "collapsed": np.repeat(others[:1], 160, axis=0),
    }
    features = seeing_once(find_features())
    for metric in (fg.kid, fg.fid):
        score = {name: metric(people, fake, features=features) for name, fake in sets.items()}
        assert score["others"] == min(score.values()) and score["others"] < 0.3 * score["men"]
        assert score["blurred"] < score["more blurred"] and score["noised"] < score["more noised"]
        assert score["collapsed"] > score["men"]
    assert fg.kid(people, people, features=features) < 0.01
    shuffled = fg.kid(people, others[::-1], features=features)
    assert shuffled == pytest.approx(fg.kid(people, others, features=features), abs=0.01)


def test_precision_and_recall_tell_fidelity_from_variety(people, others):
    precision, recall = fg.precision_recall(people, others)
    assert min(precision, recall) > 0.6
    assert precision.real_vs_real is None and "not measured" in str(recall)
    few = np.repeat(others[:8], 12, axis=0)
    assert fg.precision_recall(people, few)[1] < 0.5 * recall
    assert fg.precision_recall(people, noised(others, 90))[0] < 0.5 * precision


def test_a_score_says_how_it_was_measured(people, others):
    score = fg.kid(people, others[:60], how={"crop": 148})
    told = str(score)
    for part in (
        "KID",
        "attribute network",
        "96",
        "60",
        "148",
        "64x64",
        "Lanczos",
        "real against real",
        "file format",
        "100 of 30",
    ):
        assert part in told
    assert score.std > 0 and abs(score.real_vs_real) < 0.1
    with pytest.raises(ValueError, match="as many"):
        fg.precision_recall(people, others[:60])


def test_what_a_perfect_generator_would_reach_needs_other_real_faces(people, others):
    real, unseen, fake = people[:48], people[48:], others[:48]
    precision, recall = fg.precision_recall(real, fake, unseen=unseen)
    assert abs(precision.real_vs_real - precision) < 0.3 and abs(recall.real_vs_real - recall) < 0.3
    assert fg.kid(real, fake, unseen=real).real_vs_real < 0.01
    assert fg.fid(real, fake, unseen=unseen).real_vs_real > 0
    assert 0.5 < fg.variance_share(real, fake, unseen=unseen).real_vs_real < 2
    with pytest.raises(ValueError, match="unseen"):
        fg.fid(people, others, unseen=unseen)
    with pytest.raises(ValueError, match="subset_size"):
        fg.kid(people, others, subset_size=1)


def test_memorisation_finds_copies(people, others):
    """All of them, and a few among honest ones, which the median does not see; mirrored, too."""
    honest = fg.memorisation(people, others)
    assert 0.7 < honest.distance < 1.5 and honest.copies < 0.1
    copied = fg.memorisation(people, people)
    assert copied.distance == pytest.approx(0, abs=1e-3) and copied.copies == 1
    few = np.concatenate([people[80:], others[:80]])
    found = fg.memorisation(people, few)
    assert found.copies > honest.copies + 0.05 and found.distance > 0.7
    assert found.nearest[:16].tolist() == list(range(80, 96))
    pairs = found.pairs(people, few, 10)
    np.testing.assert_array_equal(pairs[0], pairs[1])
    assert fg.memorisation(people, people[:, :, ::-1]).distance < 0.8 * honest.distance


def test_memorisation_reads_chunks_as_it_reads_an_array(people, others):
    whole = fg.memorisation(people, others, how={"crop": 148})
    parts = fg.memorisation((people[i : i + 40] for i in range(0, COUNT, 40)), others, how={"crop": 148})
    assert parts.distance == pytest.approx(whole.distance, abs=1e-3) and parts.copies == whole.copies
    assert (parts.nearest == whole.nearest).mean() > 0.99
    assert parts.distance.how == whole.distance.how and parts.distance.how["real faces"] == COUNT


def test_copies_are_found_where_training_faces_are_there_twice(people, others):
    """Two equal training faces have a distance of 0, and no sample can be nearer than that."""
    twice = np.concatenate([people, people])
    assert fg.memorisation(twice, people).copies == 1
    assert fg.memorisation(twice, others).copies < 0.1


@pytest.mark.parametrize("count", [0, 1, 5])
def test_memorisation_needs_different_training_faces(count, people):
    with pytest.raises(ValueError, match="different"):
        fg.memorisation([people[:1]] * count, people)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda score: pickle.loads(pickle.dumps(score))])
def test_scores_can_be_copied_and_pickled(duplicate):
    score = Score(0.5, "KID", 0.01, {"crop": 148}, std=0.1)
    other = duplicate(score)
    assert type(other) is Score and other == 0.5 and str(other) == str(score)
    assert (other.name, other.real_vs_real, other.how, other.std) == ("KID", 0.01, {"crop": 148}, 0.1)


def test_too_few_pictures_and_features_unheard_of(people):
    with pytest.raises(ValueError, match="fake"):
        fg.kid(people, people[:3])
    for unknown in ("vgg", None):
        with pytest.raises(ValueError, match="features"):
            fg.kid(people, people, features=unknown)
    with pytest.raises(ValueError, match="uint8"):
        fg.kid(people / 255, people)


@pytest.mark.slow
def test_inception_is_used_only_if_asked_for(people, tmp_path, monkeypatch):
    """Weights of the right shapes lie where Keras keeps them, so no download is needed; the default stays the same."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    untrained = keras.applications.InceptionV3(include_top=False, weights=None)
    untrained.save(tmp_path / "models" / INCEPTION_FILE)
    assert "attribute network" in find_features().name
    assert "attribute network" in fg.kid(people[:8], people[8:16]).how["features"]
    kind = find_features("inception")
    assert "InceptionV3" in kind.name
    assert kind.extract(people[:3]).shape == (3, 2048)
    assert "299" in fg.kid(people[:8], people[8:16], features="inception").how["resizing"]


def test_features_of_your_own(people, others):
    colour = fg.Features("mean colour", "none", lambda pictures: pictures.mean(axis=(1, 2)) / 255)
    score = fg.kid(people, others, features=colour)
    assert "mean colour" in str(score)
    assert fg.kid(people, others // 2, features=colour) > 10 * abs(score)


def test_diversity_falls_when_samples_are_alike():
    rng = np.random.default_rng(0)
    varied = np.kron(rng.integers(0, 256, (40, 4, 4, 3)), np.ones((1, 16, 16, 1))).astype(np.uint8)
    half = varied.copy()
    half[::2] = varied[0]
    collapsed = np.repeat(varied[:1], 40, axis=0)
    assert fg.diversity(varied) > fg.diversity(half) > fg.diversity(collapsed) == 0


def test_noise_does_not_pass_for_variety():
    rng = np.random.default_rng(0)
    face = np.full((40, 64, 64, 3), 128, np.uint8)
    noisy = face + rng.integers(-60, 60, face.shape).astype(np.int16)
    assert fg.diversity(noisy.astype(np.uint8)) < 0.05


def test_diversity_is_the_distance_of_a_known_pair():
    pair = np.stack([np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 51, np.uint8)])
    assert fg.diversity(pair) == pytest.approx(0.2)


def test_diversity_of_one():
    with pytest.raises(ValueError, match="at least 2"):
        fg.diversity(np.zeros((1, 8, 8, 3), np.uint8))
