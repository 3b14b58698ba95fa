import keras
import numpy as np
import pytest
import tensorflow as tf

import facegen_keras as fg

SIZE = 16


def batches(count=4, batch=8):
    """Faces in two colours: Male ones blue, the others red."""
    rng = np.random.default_rng(0)
    attributes = rng.integers(0, 2, (count * batch, 1)).astype(np.float32)
    images = np.zeros((count * batch, SIZE, SIZE, 3), np.float32)
    images[..., 0], images[..., 2] = 1 - attributes[:, None], attributes[:, None]
    return tf.data.Dataset.from_tensor_slices((images, attributes)).batch(batch)


@pytest.fixture(scope="module")
def gan():
    gan = fg.RECIPES["dcgan5"].build(image_size=SIZE, attributes=1, passes=2)
    gan.fit(batches(), verbose=0)
    return gan


@pytest.mark.parametrize("name", ["dcgan4", "dcgan5"])
def test_reconstruction_is_logged_and_schedules_work(name):
    gan = fg.RECIPES[name].build(image_size=SIZE, attributes=1, schedule=fg.Ratio(2))
    logs = gan.fit(batches(), verbose=0).history
    assert logs["reconstruction"][0] > 0
    assert logs["d_trained"] == [0.5]
    assert "d_mismatch" in logs


def test_every_pass_is_fed_with_the_one_before(gan):
    pictures = np.full((2, SIZE, SIZE, 3), 128, np.uint8)
    targets = np.ones((2, 1), np.float32)
    refined = gan.refine(pictures, targets, passes=3)
    assert refined.shape == (3, 2, SIZE, SIZE, 3) and refined.dtype == np.uint8
    by_hand = gan.generate(gan.to_images(pictures), targets)
    np.testing.assert_array_equal(refined[0], gan.to_pictures(by_hand))
    np.testing.assert_array_equal(refined[1], gan.to_pictures(gan.generate(by_hand, targets)))


def test_drawing_follows_the_weights_after_the_first_draw():
    gan = fg.RECIPES["dcgan4"].build(image_size=SIZE, attributes=1, passes=1)
    latents, attributes = gan.sample_latents(2), np.ones((2, 1), np.float32)
    first = gan.sample(latents=latents, attributes=attributes)
    for variable in gan.generator.trainable_variables:
        variable.assign(3 * variable)
    by_hand = gan.to_pictures(gan.sampling_generator.predict_on_batch([latents, attributes]))
    drawn = gan.sample(latents=latents, attributes=attributes)
    assert np.abs(drawn.astype(int) - by_hand).max() <= 1 < np.abs(drawn.astype(int) - first).max()


def test_discriminator_sees_every_pass_and_distances_add_up():
    gan = fg.RECIPES["dcgan5"].build(image_size=SIZE, attributes=1, passes=3)
    images, attributes = next(iter(batches()))
    latents = tf.roll(images, 1, axis=0)
    fakes, targets, extra_loss, measured = gan.generate_fakes(latents, attributes)
    assert fakes.shape == (24, SIZE, SIZE, 3) and targets.shape == (24, 1)
    passes = tf.split(fakes, 3)
    fed = [latents, *passes[:2]]
    distances = [np.linalg.norm((a - b).numpy().reshape(8, -1), axis=1).mean() for a, b in zip(fed, passes)]
    assert float(extra_loss) == pytest.approx(0.5 * sum(distances), rel=1e-3)


def test_dcgan5_starts_from_other_faces_of_the_batch_and_dcgan4_from_noise():
    images, _ = next(iter(batches()))
    faces = fg.RECIPES["dcgan5"].build(image_size=SIZE).latent.for_training(images, (0, 0)).numpy()
    np.testing.assert_array_equal(faces, np.roll(images, 1, axis=0))
    noise = fg.RECIPES["dcgan4"].build(image_size=SIZE).latent.for_training(images, (0, 0)).numpy()
    assert noise.shape == faces.shape and noise.min() < -2


@pytest.mark.slow
def test_reconstruction_keeps_the_picture():
    """With a heavy weight on the distance, G learns to give back what it is fed."""
    options = {"image_size": SIZE, "attributes": 1, "passes": 1}
    fast = {name: lambda: keras.optimizers.Adam(2e-3) for name in ("g_optimizer", "d_optimizer")}
    images, attributes = next(iter(batches(1, 32)))
    pictures = (images.numpy() * 255).astype(np.uint8)
    errors = []
    for weight in (0.0, 100.0):
        gan = fg.RECIPES["dcgan5"].build(**options, **fast, reconstruction=weight)
        gan.fit(batches().repeat(15), verbose=0)
        refined = gan.refine(pictures, attributes.numpy())[0]
        errors.append(np.abs(refined.astype(int) - pictures).mean())
    assert errors[1] < errors[0] / 2


def test_saved_and_loaded_refines_the_same(gan, tmp_path):
    gan.save(tmp_path / "gan.keras")
    loaded = fg.load_gan(tmp_path / "gan.keras")
    assert isinstance(loaded, fg.InteractiveGAN) and loaded.passes == 2 and loaded.reconstruction == 0.5
    pictures = gan.sample(2)
    np.testing.assert_array_equal(loaded.refine(pictures, {"Male": 1}), gan.refine(pictures, {"Male": 1}))


def test_sample_starts_from_drawn_faces_where_real_ones_are_not_there(gan):
    np.testing.assert_array_equal(gan.sample(2, seed=4), gan.sample(2, seed=4))
    faces = gan.sample_latents(2, seed=4)
    assert faces.shape == (2, SIZE, SIZE, 3) and 0 <= faces.min() and faces.max() <= 1
    assert np.abs(faces - gan.sample_latents(2, seed=5)).mean() > 0.05


def test_latent_generators_refine_by_inversion():
    gan = fg.RECIPES["dcgan2"].build(image_size=SIZE, attributes=5)
    pictures = gan.sample(2, attributes=[0, 0, 0, 0, 0], seed=3)
    refined = gan.refine(pictures, {"Male": 1, "Smiling": 0.5}, passes=2)
    assert refined.shape == (2, 2, SIZE, SIZE, 3)


@pytest.mark.parametrize(
    "attributes, passes, message",
    [
        ({}, 1, "No attributes"),
        (None, 1, "No attributes"),
        ({"Mael": 1}, 1, "did you mean 'Male'"),
        ({"Male": 1.5}, 1, "between 0"),
        ({"Male": 1}, 0, "at least 1"),
    ],
)
def test_bad_changes_are_refused(gan, attributes, passes, message):
    with pytest.raises(ValueError, match=message):
        gan.refine(np.zeros((1, SIZE, SIZE, 3), np.uint8), attributes, passes)


def test_pictures_that_are_none_are_refused(gan, tmp_path):
    (tmp_path / "note.jpg").write_text("no picture")
    with pytest.raises(ValueError, match="note.jpg cannot be read as a picture"):
        gan.refine([tmp_path / "note.jpg"], {"Male": 1})
    with pytest.raises(ValueError, match="expected uint8"):
        gan.refine(np.zeros((SIZE, SIZE, 3)), {"Male": 1})


def test_generator_without_attributes_says_so():
    gan = fg.RECIPES["udacity"].build(image_size=SIZE)
    with pytest.raises(ValueError, match="no attributes"):
        gan.refine(np.zeros((1, SIZE, SIZE, 3), np.uint8), {"Male": 1})


@pytest.mark.parametrize("options", [{"passes": 0}, {"passes": 1.5}, {"reconstruction": -1}])
def test_nonsense_settings_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        fg.RECIPES["dcgan5"].build(image_size=SIZE, **options)
