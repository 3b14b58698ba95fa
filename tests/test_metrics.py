import keras
import numpy as np
import pytest
from people import draw_people
from PIL import Image, ImageFilter

import facegen_keras as fg
from facegen_keras.features import INCEPTION_FILE, find_features


@pytest.fixture(scope="module")
def people():
    return draw_people(160)


@pytest.fixture(scope="module")
def others():
    return draw_people(160, seed=11)


def blurred(pictures, radius):
    return np.stack([np.asarray(Image.fromarray(p).filter(ImageFilter.GaussianBlur(radius))) for p in pictures])


def noised(pictures, amount):
    noise = np.random.default_rng(0).normal(0, amount, pictures.shape)
    return np.clip(pictures + noise, 0, 255).astype(np.uint8)


def test_kid_and_fid_order_what_is_worse(people, others):
    """Other people are near; blur, noise, one kind of people and one person are far, and further the more of it."""
    sets = {
        "others": others,
        "men": draw_people(160, {"Male": 1}, seed=11),
        "blurred": blurred(others, 1.5),
        "more blurred": blurred(others, 4),
        "noised": noised(others, 25),
        "more noised": noised(others, 80),
        "collapsed": np.repeat(others[:1], 160, axis=0),
    }
    for metric in (fg.kid, fg.fid):
        score = {name: metric(people, fake, features="faces") for name, fake in sets.items()}
        assert score["others"] == min(score.values()) and score["others"] < 0.3 * score["men"]
        assert score["blurred"] < score["more blurred"] and score["noised"] < score["more noised"]
        assert score["collapsed"] > score["men"]
    assert fg.kid(people, people, features="faces") < 0.01
    shuffled = fg.kid(people, others[::-1], features="faces")
    assert shuffled == pytest.approx(fg.kid(people, others, features="faces"), abs=0.01)


def test_precision_and_recall_tell_fidelity_from_variety(people, others):
    precision, recall = fg.precision_recall(people, others, features="faces")
    assert min(precision, recall) > 0.6
    assert precision.floor is None and "not measured" in str(recall)
    few = np.repeat(others[:8], 20, axis=0)
    assert fg.precision_recall(people, few, features="faces")[1] < 0.5 * recall
    assert fg.precision_recall(people, noised(others, 90), features="faces")[0] < 0.5 * precision


def test_a_score_says_how_it_was_measured(people, others):
    score = fg.kid(people, others[:100], features="faces", crop=148)
    told = str(score)
    for part in (
        "KID",
        "attribute network",
        "160",
        "100",
        "148",
        "64x64",
        "Lanczos",
        "real against real",
        "file format",
        "100 of 50",
    ):
        assert part in told
    assert score.deviation > 0 and abs(score.floor) < 0.1
    with pytest.raises(ValueError, match="160 real and 100 generated"):
        fg.precision_recall(people, others[:100], features="faces")


def test_a_floor_needs_other_real_faces(people, others):
    more = draw_people(160, seed=12)
    precision, recall = fg.precision_recall(people, others, unseen=more, features="faces")
    assert abs(precision.floor - precision) < 0.3 and abs(recall.floor - recall) < 0.3
    assert fg.kid(people, others, unseen=people, features="faces").floor < 0.01
    assert fg.fid(people, others, unseen=more, features="faces").floor > 0
    with pytest.raises(ValueError, match="unseen has 20 pictures: expected as many as real, 160"):
        fg.fid(people, others, unseen=more[:20], features="faces")
    with pytest.raises(ValueError, match="subset_size=1"):
        fg.kid(people, others, subset_size=1, features="faces")


def test_memorisation_finds_copies(people, others):
    """All of them, and a few among honest ones, which the median does not see; mirrored, too."""
    honest = fg.memorisation(people, others)
    assert 0.7 < honest.distance < 1.5 and honest.copies < 0.05
    copied = fg.memorisation(people, people)
    assert copied.distance == pytest.approx(0, abs=1e-3) and copied.copies == 1
    few = np.concatenate([people[144:], others[:144]])
    found = fg.memorisation(people, few)
    assert found.copies > honest.copies + 0.05 and found.distance > 0.7
    assert found.nearest[:16].tolist() == list(range(144, 160))
    pairs = found.pairs(people, few, 10)
    np.testing.assert_array_equal(pairs[0], pairs[1])
    assert fg.memorisation(people, people[:, :, ::-1]).distance < 0.8 * honest.distance


def test_too_few_pictures_and_features_unheard_of(people):
    with pytest.raises(ValueError, match="fake has 3 pictures: expected at least 8"):
        fg.kid(people, people[:3], features="faces")
    with pytest.raises(ValueError, match="features='vgg': expected one of inception, faces"):
        fg.kid(people, people, features="vgg")
    with pytest.raises(ValueError, match="uint8"):
        fg.kid(people / 255, people, features="faces")


def test_inception_is_used_where_its_weights_are(people, tmp_path, monkeypatch):
    """With weights of the right shapes, as no download is needed: another network, by another name."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert "attribute network" in find_features().name
    (tmp_path / "models").mkdir()
    untrained = keras.applications.InceptionV3(include_top=False, weights=None)
    untrained.save(tmp_path / "models" / INCEPTION_FILE)
    kind = find_features()
    assert "InceptionV3" in kind.name
    assert kind.extract(people[:3]).shape == (3, 2048)
    assert "299" in fg.kid(people[:8], people[8:16]).how["resizing"]


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
