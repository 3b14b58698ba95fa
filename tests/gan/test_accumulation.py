from functools import partial

import keras
import numpy as np
import pytest

import facegen_keras as fg
from batches import small_batches

pytestmark = pytest.mark.slow  # every test trains

# Neither batch norm nor dropout, which see parts of a batch; and SGD, as Adam turns what is near 0 into whole steps.
PLAIN = fg.RECIPES["fc_gan"].override(
    image_size=16,
    attributes=2,
    batch_size=12,
    dtype_policy="float32",
    loss=fg.CrossEntropy(mismatch="flip", gamma=1.0),
    d_optimizer=partial(keras.optimizers.SGD, 0.1),
    g_optimizer=partial(keras.optimizers.SGD, 0.1),
    ema_decay=0.9,
    schedule=fg.Ratio(2),
)
MODERN = fg.RECIPES["modern"].override(
    image_size=16,
    attributes=1,
    batch_size=8,
    generator=partial(fg.modern_generator, width=4),
    discriminator=partial(fg.modern_discriminator, widths=(4, 4, 4)),
    dtype_policy="float32",
)


def fit(recipe, steps=4, epochs=1, **changes):
    gan = recipe.build(**changes)
    faces = small_batches(recipe, count=steps, batch=recipe.batch_size)
    return gan, gan.fit(faces, epochs=epochs, verbose=0).history


@pytest.mark.parametrize("changes", [{}, {"loss": fg.Relativistic(mismatch="flip")}, {"latent_distribution": "unit"}])
def test_parts_train_what_the_whole_batch_trains(changes):
    recipe = PLAIN.override(**changes)
    (whole, expected), (divided, logs) = fit(recipe), fit(recipe, gradient_accumulation_steps=3)
    assert logs["d_trained"] == [0.5], "the schedule counts updates"
    for gan in (whole, divided):
        assert int(gan.steps_done.numpy()) == int(gan.g_optimizer.iterations.numpy()) == 4
        assert int(gan.d_optimizer.iterations.numpy()) == 2
    for weight, same in zip(divided.weights, whole.weights, strict=True):
        np.testing.assert_allclose(weight.numpy(), same.numpy(), rtol=1e-4, atol=1e-6)
    for log, value in expected.items():
        np.testing.assert_allclose(logs[log], value, rtol=1e-3, err_msg=log)


def test_joint_batches_are_divided_too():
    noise = fg.RECIPES["attribute_noise"].override(
        image_size=8, batch_size=8, dtype_policy="float32", gradient_accumulation_steps=2
    )
    gan = noise.build()
    logs = gan.fit(small_batches(noise, count=1, batch=4, size=8), verbose=0).history
    assert np.isfinite([logs["d_loss"], logs["g_loss"]]).all()


def test_loss_scale_of_float16_falls_once_an_update_and_nothing_is_learnt_in_it():
    gan = MODERN.build(dtype_policy="mixed_float16", gradient_accumulation_steps=4)
    before = [weight.numpy() for weight in gan.generator.trainable_weights]
    for optimizer in (gan.d_optimizer, gan.g_optimizer):
        optimizer.dynamic_scale.assign(2.0**40)
    gan.fit(small_batches(MODERN, count=1), verbose=0)
    assert [float(of.dynamic_scale.numpy()) for of in (gan.d_optimizer, gan.g_optimizer)] == [2.0**39] * 2
    for weight, old in zip(gan.generator.trainable_weights, before):
        np.testing.assert_array_equal(weight.numpy(), old)
    for optimizer in (gan.d_optimizer, gan.g_optimizer):
        optimizer.dynamic_scale.assign(2.0**10)
    logs = gan.fit(small_batches(MODERN, count=2), verbose=0).history
    assert np.isfinite(logs["g_loss"]).all()
    assert any((weight.numpy() != old).any() for weight, old in zip(gan.generator.trainable_weights, before))


def test_a_saved_gan_goes_on_in_parts(tmp_path):
    whole, _ = fit(PLAIN, epochs=2, gradient_accumulation_steps=2)
    gan, _ = fit(PLAIN, epochs=1, gradient_accumulation_steps=2)
    gan.save(tmp_path / "gan.keras")
    loaded = fg.load_gan(tmp_path / "gan.keras")
    assert loaded.gradient_accumulation_steps == 2
    loaded.fit(small_batches(PLAIN, batch=12), initial_epoch=1, epochs=2, verbose=0, callbacks=[fg.NaNGuard()])
    for weight, same in zip(loaded.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), same.numpy())


def test_xla_compiles_it():
    _, logs = fit(PLAIN, steps=1, gradient_accumulation_steps=2, jit_compile=True)
    assert np.isfinite([logs["d_loss"], logs["g_loss"]]).all()


@pytest.mark.parametrize("steps, batch", [(3, 8), (8, 8), (0, 8), (1.5, 8)])
def test_batches_that_cannot_be_divided(steps, batch):
    with pytest.raises(ValueError, match="gradient_accumulation_steps"):
        MODERN.override(gradient_accumulation_steps=steps, batch_size=batch)


def test_a_batch_from_elsewhere_is_checked_as_it_is_trained_on():
    with pytest.raises(ValueError, match="batch of 6 pictures cannot be divided into 4 equal parts.*batch of 8"):
        MODERN.build(gradient_accumulation_steps=4).fit(small_batches(MODERN, batch=6), verbose=0)
