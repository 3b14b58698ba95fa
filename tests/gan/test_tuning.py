import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.data.images import to_size
from facegen_keras.gan.conditions import read_attributes
from facegen_keras.gan.differences import feature_difference, root_mean_square
from facegen_keras.gan.inversion import add_difference
from facegen_keras.gan.tuning import tune_generator
from helpers import draw_people


@pytest.fixture(scope="module")
def faces():
    return draw_people(2)


def small_gan(recipe):
    """A generator whose pictures differ by their latents, and whose averaged weights are not those that train."""
    gan = fg.RECIPES[recipe].build(image_size=16, ema_decay=0.9, dtype_policy="float32")
    for weight in gan.ema_generator.weights:
        weight.assign(2 * weight)
    return gan


@pytest.mark.parametrize("recipe", ["dcgan2", "udacity"])
def test_tuned_copy_draws_the_pictures_better_and_the_gan_stays(recipe, faces, caplog, capsys):
    gan = small_gan(recipe)
    before, latents = gan.get_weights(), gan.sample_latents(2)
    with caplog.at_level("INFO"):
        tuned = fg.invert(gan, faces, latents=latents, steps=1, tune=40, verbose=1)
    plain = fg.invert(gan, faces, latents=latents, steps=1)
    assert plain.gan is gan and tuned.gan is not gan
    np.testing.assert_array_equal(tuned.latents, plain.latents)
    assert (tuned.error < plain.error).all() and tuned.error.mean() < 0.9 * plain.error.mean()
    assert f"{100 * plain.error.mean():.1f} %, then {100 * tuned.error.mean():.1f} %" in caplog.text
    assert "40/40" in capsys.readouterr().out
    attributes = tuned.attributes if gan.attributes else None
    np.testing.assert_array_equal(tuned.gan.sample(latents=tuned.latents, attributes=attributes), tuned.pictures)
    for weight, kept in zip(gan.get_weights(), before):
        np.testing.assert_array_equal(weight, kept)
    moments = [
        [weight.numpy() for weight in network.weights if "moving" in weight.path]
        for network in (gan.sampling_generator, tuned.gan.sampling_generator)
    ]
    assert moments[0]
    for kept, weight in zip(*moments):
        np.testing.assert_array_equal(weight, kept)  # batch norm stayed in inference mode


@pytest.mark.slow
def test_tuning_keeps_to_what_other_latents_drew(faces, monkeypatch):
    gan = small_gan("dcgan2")
    others, attributes = gan.sample_latents(16, 5), gan.sample_attributes(16, None, 5)
    drawn = gan.sample(latents=others, attributes=attributes)

    def moved():
        images = gan.to_images(to_size(faces, gan.size))
        tuned = tune_generator(gan, images, gan.sample_latents(2), gan.sample_attributes(2), 100)
        return root_mean_square(tuned.sample(latents=others, attributes=attributes), drawn).mean()

    kept = moved()
    monkeypatch.setattr("facegen_keras.gan.tuning.KEPT", 0.0)
    assert kept < 0.8 * moved()


def test_what_cannot_be_tuned(faces):
    gan = fg.RECIPES["dcgan5"].build(image_size=16, attributes=2)
    assert fg.invert(gan, faces).gan is gan
    for call in (lambda: fg.invert(gan, faces, tune=5), lambda: gan.refine(faces, {"Male": 1}, tune=5)):
        with pytest.raises(ValueError, match="dcgan5.*leave out tune"):
            call()
    for tune in (-1, 1.5, None):
        with pytest.raises(ValueError, match="tune"):
            fg.invert(small_gan("dcgan2"), faces, tune=tune)


@pytest.mark.slow
def test_refinement_draws_with_the_tuned_copy(faces):
    gan = small_gan("dcgan2")
    gan.truncation = 0.7
    found = fg.invert(gan, faces, tune=20)
    np.testing.assert_array_equal(found.gan.sample_latents(2), gan.sample_latents(2))
    refined = gan.refine(faces, found.attributes, tune=20)
    np.testing.assert_allclose(refined[0], found.pictures, atol=1)
    sheet, _ = fg.refinement_sheet(gan, to_size(faces, gan.size), [{"Male": 1}], tune=20)
    np.testing.assert_allclose(sheet[:, 1], found.pictures, atol=1)
    male = gan.sample_attributes(2, found.attributes)
    male[:, gan.attributes.index("Male")] = 1
    np.testing.assert_allclose(sheet[:, 2], found.gan.sample(attributes=male, latents=found.latents), atol=1)


@pytest.mark.parametrize("recipe", ["dcgan2", "dcgan5"])
def test_what_does_not_change_keeps_every_detail(recipe, faces):
    gan, pictures = fg.RECIPES[recipe].build(image_size=16), faces[:, ::4, ::4]
    shown = read_attributes(gan, pictures)
    same = gan.refine(pictures, shown, passes=2, keep_detail=True)
    np.testing.assert_array_equal(same, [pictures, pictures])
    drawn, kept = (gan.refine(pictures, 1 - shown, keep_detail=keep)[0] for keep in (False, True))
    redrawn = gan.refine(pictures, shown)[0]
    np.testing.assert_array_equal(kept, add_difference(pictures, redrawn, drawn))
    sheet, _ = fg.refinement_sheet(gan, pictures, [{"Male": 1}, {"Male": 0}], keep_detail=True)
    np.testing.assert_array_equal(sheet[:, 1], pictures)
    assert (sheet[:, 2] != sheet[:, 3]).any()


def test_differences_are_added_within_the_range_of_light():
    before, after = np.uint8([10, 200, 100]), np.uint8([[0, 250, 100], [20, 100, 0]])
    np.testing.assert_array_equal(add_difference(np.uint8([5, 230, 7]), before, after), [[0, 255, 7], [15, 130, 0]])


def test_features_tell_people_apart_in_any_size_and_range(faces):
    images = faces[:, None].astype(np.float32) / 255
    other, same = (feature_difference(images[0], images[i], (0, 1)).numpy() for i in (1, 0))
    assert same == 0 and other > 0.05
    np.testing.assert_allclose(feature_difference(2 * images[0] - 1, 2 * images[1] - 1, (-1, 1)), other, rtol=1e-4)
    assert feature_difference(images[0, :, ::2, ::2], images[1, :, ::2, ::2], (0, 1)).numpy() > 0.05


@pytest.mark.proof
def test_shipped_generator_comes_nearer_to_a_face_that_it_never_drew():
    gan, person = fg.load_pretrained(), draw_people(1, {"Male": 0, "Young": 1}, seed=3)
    plain = fg.invert(gan, person, steps=50)
    tuned = fg.invert(gan, person, steps=50, tune=50)
    assert tuned.error[0] < plain.error[0] / 1.5
    others = gan.sample_latents(16, 1), gan.sample_attributes(16, None, 1)
    drawn, redrawn = (of.sample(latents=others[0], attributes=others[1]) for of in (gan, tuned.gan))
    assert root_mean_square(drawn, redrawn).mean() < 0.04
    male = fg.estimate_attributes(
        np.concatenate([tuned.gan.sample(attributes=vector, latents=tuned.latents) for vector in _flip(tuned, "Male")])
    )[:, fg.ATTRIBUTES.index("Male")]
    assert male[0] < 0.5 < male[1]


def _flip(found, name):
    """The attributes of an inversion without one of them, and with it."""
    vectors = np.repeat(found.attributes[None], 2, axis=0)
    vectors[..., found.gan.attributes.index(name)] = [[0], [1]]
    return vectors
