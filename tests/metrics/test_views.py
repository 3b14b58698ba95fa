"""The second pair of eyes must see what is wrong with sets of faces, and which of them is worse."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from facegen_keras.metrics.scores import FeatureSets
from helpers import draw_people

pytestmark = pytest.mark.slow

COUNT = 128
ALIKE = {"Male": 1, "Young": 1, "Wearing_Hat": 0, "Eyeglasses": 0}


def blurred(pictures, radius):
    return np.stack([np.asarray(Image.fromarray(p).filter(ImageFilter.GaussianBlur(radius))) for p in pictures])


def torn(pictures):
    """The left half of each face beside the right half of another one."""
    pasted = pictures.copy()
    pasted[:, :, 32:] = np.roll(pictures, 1, axis=0)[:, :, 32:]
    return pasted


@pytest.fixture(scope="module")
def found():
    """The scores of sets of drawn people, all against the same other people."""
    real, others = draw_people(COUNT), draw_people(COUNT, seed=11)
    sets = {
        "others": others,
        "alike": draw_people(COUNT, ALIKE, seed=11),
        "half": np.repeat(others[: COUNT // 2], 2, axis=0),
        "few": np.repeat(others[: COUNT // 16], 16, axis=0),
        "blurred": blurred(others, 1),
        "more blurred": blurred(others, 3),
        "some torn": np.concatenate([torn(others)[: COUNT // 3], others[COUNT // 3 :]]),
        "all torn": torn(others),
    }
    return {name: FeatureSets(real, pictures, features="views").scores() for name, pictures in sets.items()}


def rises(found, metric, *names):
    values = [found[name][metric] for name in names]
    return all(lower < higher for lower, higher in zip(values, values[1:]))


def test_other_people_are_as_good_as_real(found):
    others = found["others"]
    assert abs(others["KID"]) < 0.1 and min(others["precision"], others["recall"]) > 0.6
    assert 0.8 < others["variance share"] < 1.25


def test_lost_variety_is_seen(found):
    """People of one kind, half of the people twice, and few people again and again."""
    assert rises(found, "variance share", "few", "alike", "others")
    assert rises(found, "recall", "few", "half", "others") and found["few"]["recall"] < 0.1
    assert rises(found, "KID", "others", "alike", "few") and rises(found, "FID", "others", "half", "few")


def test_blur_is_seen_although_it_keeps_variety(found):
    assert rises(found, "KID", "others", "blurred", "more blurred")
    assert rises(found, "precision", "more blurred", "blurred", "others")


def test_torn_faces_are_seen(found):
    assert rises(found, "precision", "all torn", "some torn", "others")
    assert rises(found, "KID", "others", "some torn", "all torn") and found["all torn"]["variance share"] < 1
