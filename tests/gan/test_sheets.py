import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.data.attribute_statistics import implied_attributes
from facegen_keras.gan.conditions import implied_by
from facegen_keras.gan.latents import Latent, slerp


@pytest.fixture(scope="module")
def gan():
    return fg.RECIPES["dcgan2"].build(image_size=16, attributes=8)


def test_attribute_sheet_changes_one_attribute_a_row(gan):
    pictures, titles = fg.attribute_sheet(gan, ["Male", "Blond_Hair", "Young"], count=3)
    assert pictures.shape == (4, 3, 16, 16, 3)
    assert titles == ["base", "Male", "Blond_Hair", "not Young"]
    base = {name: 0.0 for name in gan.attributes} | {"No_Beard": 1.0, "Young": 1.0}
    male = [(base | {"Male": 1.0})[name] for name in gan.attributes]
    np.testing.assert_array_equal(pictures[1], gan.sample(attributes=male, latents=gan.sample_latents(3)))


def test_attribute_sheet_of_unknown_attribute(gan):
    with pytest.raises(ValueError, match="Smiling"):
        fg.attribute_sheet(gan, ["Smilin"])
    with pytest.raises(ValueError, match="Arched_Eyebrows"):
        fg.attribute_sheet(gan, 23)


def test_what_an_attribute_settles():
    implied = implied_attributes({"Blond_Hair": 1})
    assert implied["Black_Hair"] == implied["Bald"] == 0 and "Blond_Hair" not in implied
    assert implied_attributes({"Blond_Hair": 0}) == {}
    assert implied_attributes({"Goatee": 1})["Male"] == implied_attributes({"No_Beard": 0})["Male"] == 1


def test_interpolation_starts_and_ends_at_its_faces(gan):
    strip = fg.interpolation(gan, 5, attributes={"Male": 0}, to_attributes={"Male": 1}, seed=3, to_seed=4)
    assert strip.shape == (5, 16, 16, 3)
    first = gan.sample(attributes=gan.sample_attributes(1, {"Male": 0}, 3), latents=gan.sample_latents(1, 3))
    last = gan.sample(attributes=gan.sample_attributes(1, {"Male": 1}, 3), latents=gan.sample_latents(1, 4))
    np.testing.assert_allclose(strip[[0, -1]], np.concatenate([first, last]), atol=1)
    with pytest.raises(ValueError, match="steps=1"):
        fg.interpolation(gan, 1)


def test_attributes_that_a_generator_does_not_have(gan):
    with pytest.raises(ValueError, match="Smiling"):
        fg.attribute_sheet(gan, base={"Smilling": 1})
    with pytest.raises(ValueError, match="no attributes to ask for"):
        fg.interpolation(fg.RECIPES["udacity"].build(image_size=16), 2, to_attributes={"Male": 1})


def test_more_than_half_a_strength_implies_what_the_attribute_does(gan):
    assert implied_by(gan, {"Blond_Hair": 0.6}) == implied_by(gan, {"Blond_Hair": 1}) != {}
    assert implied_by(gan, {"Blond_Hair": 0.5}) == implied_by(gan, {"Blond_Hair": 0}) == {}


def test_slerp_stays_on_the_sphere():
    start, end = np.random.default_rng(0).standard_normal((2, 100))
    end *= np.linalg.norm(start) / np.linalg.norm(end)
    way = slerp(start, end, 7)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), np.linalg.norm(start), rtol=1e-5)
    np.testing.assert_allclose(way[[0, -1]], [start, end], rtol=1e-5)
    np.testing.assert_allclose(slerp(start, start, 3), [start] * 3, rtol=1e-5)


@pytest.mark.parametrize("distribution, low, high", [("uniform", -1, 1), ("unit", 0, 1), ("normal", -6, 6)])
def test_latents_by_distribution_and_seed(distribution, low, high):
    latent = Latent((4, 3), distribution)
    drawn = latent.sample(500, [1, 2]).numpy()
    assert drawn.shape == (500, 4, 3)
    assert low <= drawn.min() < (low + high) / 2 < drawn.max() <= high
    np.testing.assert_array_equal(drawn, latent.sample(500, [1, 2]))
    assert (drawn != latent.sample(500, [1, 3]).numpy()).any()


def test_unknown_distribution():
    with pytest.raises(ValueError, match="normal"):
        Latent((100,), "gaussian")


def test_no_attributes_asked_of_a_generator_that_has_none():
    gan = fg.RECIPES["udacity"].build(image_size=16)
    for nothing in (None, {}):
        pictures, verdicts = fg.sample_with_verdicts(gan, 2, nothing)
        assert pictures.shape == (2, 16, 16, 3) and verdicts.shape == (2,)
