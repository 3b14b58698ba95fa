import keras
import numpy as np
import pytest
import tensorflow as tf

import facegen_keras as fg
from facegen_keras.gan.augmentation import Diffusion, grow

PICTURES = tf.ones((400, 8, 8, 3))


def strengthen(augmentation, steps, real_accuracy=0.95, batch=50):
    """Grow an augmentation as so many training steps do."""
    for step in range(steps):
        grow(augmentation, np.int64(step), batch, tf.constant(real_accuracy))


def test_diffusion_fades_more_pictures_the_longer_d_is_sure():
    noise = fg.diffusion_noise((8, 8, 3), images=1_000)
    weak = noise(PICTURES, training=True).numpy().mean(axis=(1, 2, 3))
    strengthen(noise, 20)
    strong = noise(PICTURES, training=True).numpy().mean(axis=(1, 2, 3))
    assert weak.min() > 0.9 and strong.min() < 0.3
    assert 0.4 < np.isclose(strong, 1, atol=1e-6).mean() < 0.6, "half of them stay as they are"
    strengthen(noise, 20, real_accuracy=0.6)  # D is unsure again
    assert noise.layers[0].strength.numpy() == 0
    np.testing.assert_array_equal(noise(PICTURES, training=False), PICTURES)


def test_diffusion_is_that_of_the_variances_step_by_step():
    """The picture that is left at the end of a way of 1,000 steps, and the noise."""
    layer = fg.diffusion_noise((8, 8, 3), amount=0.5).layers[0]
    layer.strength.assign(1.0)
    kept = np.cumprod(1 - np.linspace(1e-4, 0.02, 1_000))
    outputs = layer(PICTURES, training=True).numpy()
    means, deviations = outputs.mean(axis=(1, 2, 3)), outputs.std(axis=(1, 2, 3))
    middle = np.argmin(np.abs(means**2 - 0.3))
    variance = kept[np.argmin(np.abs(kept - means[middle] ** 2))]
    assert deviations[middle] == pytest.approx(0.5 * np.sqrt(1 - variance), rel=0.2)
    assert np.sort(means)[:20].mean() == pytest.approx(np.sqrt(kept[-1]), abs=0.1)


def test_shifts_begin_with_no_picture_and_end_with_all():
    for images, share in ((0, 1.0), (4_000, 0.25)):
        shifts = fg.shifts((8, 8, 3), amount=0.0, share=0.4, images=images)
        strengthen(shifts, 20)
        moved = (shifts(PICTURES, training=True).numpy() != 1).any(axis=(1, 2, 3)).mean()
        assert moved == pytest.approx(share, abs=0.12)
    strengthen(shifts, 100)
    assert (shifts(PICTURES, training=True).numpy() != 1).any(axis=(1, 2, 3)).mean() > 0.8


def test_strength_is_kept_and_gradients_pass(tmp_path):
    noise = fg.diffusion_noise((8, 8, 3), images=1_000)
    strengthen(noise, 10)
    noise.save(tmp_path / "noise.keras")
    loaded = keras.models.load_model(tmp_path / "noise.keras")
    assert loaded.layers[0].strength.numpy() == noise.layers[0].strength.numpy() == pytest.approx(0.5)
    with tf.GradientTape() as tape:
        tape.watch(PICTURES)
        total = tf.reduce_sum(loaded(PICTURES, training=True))
    assert (tape.gradient(total, PICTURES).numpy() > 0).all()


def test_what_it_cannot_follow():
    with pytest.raises(ValueError, match="accuracy that diffusion_noise"):
        fg.RECIPES["modern"].build(image_size=16, loss=fg.Relativistic(), augmentation=fg.diffusion_noise)
    with pytest.raises(ValueError, match="images=0"):
        Diffusion(0.05, 0.6, 0)
