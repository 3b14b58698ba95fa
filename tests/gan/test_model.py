import subprocess
import sys

import keras
import numpy as np
import pytest

import facegen_keras as fg
from batches import small_batches


@pytest.fixture(scope="module")
def gan():
    gan = fg.RECIPES["dcgan2"].build(image_size=16, attributes=5)
    gan.fit(small_batches(fg.RECIPES["dcgan2"].override(attributes=5)), verbose=0)
    return gan


def test_loaded_without_its_optimisers_it_is_saved_again(gan, tmp_path):
    gan.save(tmp_path / "gan.keras")
    keras.models.load_model(tmp_path / "gan.keras", compile=False).save(tmp_path / "bare.keras")
    np.testing.assert_array_equal(fg.load_gan(tmp_path / "bare.keras").sample(2), gan.sample(2))


def test_sample_by_seed_and_attributes(gan):
    faces = gan.sample(5, {"Male": 1, "Smiling": 1}, seed=7)
    assert faces.shape == (5, 16, 16, 3) and faces.dtype == np.uint8
    np.testing.assert_array_equal(faces, gan.sample(5, {"Male": 1, "Smiling": 1}, seed=7))
    assert (faces != gan.sample(5, {"Male": 1, "Smiling": 1}, seed=8)).any()


@pytest.mark.parametrize("attributes", [None, {"Smiling": 1}])
def test_a_seed_draws_the_same_faces_in_batches_of_any_size_after_any_other_calls(attributes):
    """Latents and attributes to the bit; pictures may be rounded another way in batches of another size."""
    gan = fg.load_pretrained()
    faces, latents, vectors = (
        gan.sample(9, attributes, 3),
        gan.sample_latents(9, 3),
        gan.sample_attributes(9, attributes, 3),
    )
    keras.utils.set_random_seed(5)
    gan.sample(4, seed=4)
    fg.RECIPES["dcgan2"].build(image_size=16, seed=1)
    np.testing.assert_array_equal(gan.sample(9, attributes, 3), faces)
    for count in (1, 4):
        np.testing.assert_array_equal(gan.sample_latents(count, 3), latents[:count])
        np.testing.assert_array_equal(gan.sample_attributes(count, attributes, 3), vectors[:count])
        np.testing.assert_allclose(gan.sample(count, attributes, 3).astype(int), faces[:count], atol=1)
        np.testing.assert_allclose(gan.sample(9, attributes, 3, batch_size=count).astype(int), faces, atol=1)


def test_attributes_reach_the_picture(gan):
    latents = gan.sample_latents(4)
    assert (
        gan.sample(attributes=[1, 0, 0, 0, 0], latents=latents) != gan.sample(attributes=[0] * 5, latents=latents)
    ).any()


def test_unnamed_attributes_are_drawn_as_they_go_together(gan):
    vectors = gan.sample_attributes(400, {"Blond_Hair": 1}, seed=0)
    male, _, black, blond, _ = vectors.T
    assert blond.all() and not black.any()
    assert male.mean() < 0.2  # few of CelebA's blond faces are men
    half = gan.sample_attributes(3, {"Male": 0.5})
    np.testing.assert_array_equal(half[:, 0], 0.5)


@pytest.mark.parametrize(
    "attributes, message",
    [
        ({"Smilling": 1}, "did you mean 'Smiling'"),
        ({"Wearing_Hat": 1}, "expected one of|did you mean"),
        ({"Male": 2}, "between 0"),
        ([1, 0], "expected a dict"),
    ],
)
def test_attributes_that_the_generator_cannot_draw(gan, attributes, message):
    with pytest.raises(ValueError, match=message):
        gan.sample(2, attributes)


def test_attributes_for_a_generator_without_any():
    with pytest.raises(ValueError, match="no attributes"):
        fg.RECIPES["udacity"].build(image_size=16).sample(2, {"Male": 1})


def test_latents_of_another_shape(gan):
    with pytest.raises(ValueError, match="expected \\(count, 100"):
        gan.sample(latents=np.zeros((2, 7)))


def test_verdict_is_a_probability(gan):
    faces = gan.sample(6, seed=0)
    verdicts = gan.verdict(faces, [1, 0, 0, 0, 0])
    assert verdicts.shape == (6,) and (0 <= verdicts).all() and (verdicts <= 1).all()
    np.testing.assert_allclose(gan.verdict(faces, [1, 0, 0, 0, 0], batch_size=4), verdicts, atol=1e-5)
    with pytest.raises(ValueError, match="attributes"):
        gan.verdict(faces)


def test_pictures_and_images_are_inverse():
    for name in ("dcgan2", "udacity"):
        gan = fg.RECIPES[name].build(image_size=16)
        pictures = np.arange(256, dtype=np.uint8)
        np.testing.assert_array_equal(gan.to_pictures(gan.to_images(pictures)), pictures)
        assert gan.to_images(pictures).min() == gan.value_range[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dcgan2", "human_face"])
def test_saved_gan_goes_on_as_if_never_interrupted(name, tmp_path):
    """Weights, optimisers, counters and the dropout of `human_face` come back."""
    recipe = fg.RECIPES[name]
    data = small_batches(recipe, size=8)
    gan = recipe.build(image_size=8, schedule=fg.Ratio(3))
    gan.fit(data, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = fg.load_gan(tmp_path / "gan.keras")
    assert repr(loaded.schedule) == "Ratio(ratio=3)"
    assert int(loaded.epochs_done.numpy()) == 1
    going_on = [g.fit(data, initial_epoch=1, epochs=3, verbose=0).history for g in (gan, loaded)]
    assert going_on[0] == going_on[1]
    np.testing.assert_array_equal(gan.sample(4), loaded.sample(4))


@pytest.mark.slow
def test_fresh_process_draws_the_same_faces(gan, tmp_path):
    gan.save(tmp_path / "gan.keras")
    gan.generator.save(tmp_path / "generator.keras")
    np.save(tmp_path / "latents.npy", gan.sample_latents(3, seed=5))
    script = """
import sys, numpy as np, facegen_keras as fg
np.save(sys.argv[1] + "/faces.npy", fg.load_gan(sys.argv[1] + "/gan.keras").sample(3, {"Male": 1}, seed=5))
import keras
generator = keras.models.load_model(sys.argv[1] + "/generator.keras")
np.save(sys.argv[1] + "/images.npy", generator([np.load(sys.argv[1] + "/latents.npy"), np.ones((3, 5), np.float32)]))
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True)
    np.testing.assert_array_equal(np.load(tmp_path / "faces.npy"), gan.sample(3, {"Male": 1}, seed=5))
    images = gan.generate(gan.sample_latents(3, seed=5), np.ones((3, 5), np.float32))
    np.testing.assert_allclose(np.load(tmp_path / "images.npy"), images, atol=1e-6)


def test_a_file_that_is_no_gan(gan, tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.keras"):
        fg.load_gan(tmp_path / "nothing.keras")
    (tmp_path / "broken.keras").write_bytes(b"not a zip file")
    with pytest.raises(ValueError, match="broken.keras"):
        fg.load_gan(tmp_path / "broken.keras")
    gan.generator.save(tmp_path / "generator.keras")
    with pytest.raises(ValueError, match="FaceGAN"):
        fg.load_gan(tmp_path / "generator.keras")


@pytest.mark.parametrize("name", ["count", "seed", "batch_size"])
@pytest.mark.parametrize("value", [1.5, "2", None, float("nan"), True])
def test_numbers_that_are_not_whole_are_refused_by_name(gan, name, value):
    with pytest.raises(ValueError, match=name):
        gan.sample(**{"count": 1} | {name: value})
    assert gan.sample(np.int64(2)).shape[0] == gan.sample(2.0).shape[0] == 2


def test_verdict_without_the_loss_says_what_is_missing(gan, tmp_path):
    gan.save(tmp_path / "gan.keras")
    bare = keras.models.load_model(tmp_path / "gan.keras", compile=False)
    with pytest.raises(ValueError, match="compile"):
        bare.verdict(gan.sample(1), [1, 0, 0, 0, 0])


def test_a_saved_gan_knows_its_framing(tmp_path):
    for crop in (108, None):
        fg.RECIPES["fc_gan"].build(image_size=8, crop=crop).save(tmp_path / "gan.keras")
        assert fg.load_gan(tmp_path / "gan.keras").crop == crop


def test_samples_start_from_the_faces_that_are_given():
    gan = fg.RECIPES["dcgan5"].build(image_size=16)
    gan.start_faces = np.full((3, 16, 16, 3), 51, np.uint8)
    np.testing.assert_allclose(gan.sample_latents(5), 0.2, rtol=1e-6)


def test_more_pictures_than_fit_into_memory_are_refused_at_once(gan):
    for count in (10**12, 10**30):
        with pytest.raises(ValueError, match=r"GB.*seed"):
            gan.sample(count)


@pytest.mark.parametrize("value_range", [(1, 0), (0, 0), (0, float("nan")), (0, float("inf")), (0, 1, 2)])
def test_a_value_range_is_two_numbers(value_range):
    with pytest.raises(ValueError, match="value_range"):
        fg.RECIPES["dcgan2"].build(image_size=16, value_range=value_range)
