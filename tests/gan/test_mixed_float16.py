from functools import partial

import keras
import numpy as np
import pytest

import facegen_keras as fg
from batches import small_batches

pytestmark = pytest.mark.slow  # every test trains

SMALL = fg.RECIPES["modern"].override(
    image_size=16,
    attributes=1,
    generator=partial(fg.modern_generator, width=8),
    discriminator=partial(fg.modern_discriminator, widths=(4, 4, 4)),
    dtype_policy="mixed_float16",
)
TOO_LARGE = 2.0**40


def fit(gan, steps, **options):
    return gan.fit(small_batches(SMALL, count=steps), verbose=0, **options).history


def weights_of(model):
    return [weight.numpy() for weight in model.trainable_weights]


def scale_of(optimizer):
    return float(optimizer.dynamic_scale.numpy())


@pytest.fixture
def gan():
    return SMALL.build()


def test_only_the_layers_compute_in_float16(gan):
    layers = gan.generator.get_layer("body").layers + gan.discriminator.features.layers
    assert "float16" in {layer.compute_dtype for layer in layers}
    kept = [*gan.weights, *gan.d_optimizer.inner_optimizer.variables[2:]]
    assert {weight.dtype for weight in kept if keras.backend.is_float_dtype(weight.dtype)} == {"float32"}
    before = weights_of(gan.generator)
    logs = fit(gan, 4)
    assert all(np.isfinite(values).all() for values in logs.values())
    assert any((now != old).any() for now, old in zip(weights_of(gan.generator), before))
    assert gan.generate(gan.sample_latents(2), np.ones((2, 1), np.float32)).dtype == "float32"


def test_penalties_and_losses_are_those_of_float32(gan):
    """The first step, before anything was learnt: the loss scale is divided out of the penalty again."""
    exact = SMALL.build(dtype_policy="float32")
    exact.gan_loss.gamma = gan.gan_loss.gamma = 1000.0
    logs, expected = fit(gan, 1), fit(exact, 1)
    assert expected["d_loss"][0] > 3, "the penalty is a part of it"
    for name in ("d_loss", "g_loss", "d_real"):
        assert logs[name][0] == pytest.approx(expected[name][0], rel=0.02)


def test_a_penalty_that_overflows_is_skipped_and_the_scale_falls(gan):
    gan.d_optimizer.dynamic_scale.assign(TOO_LARGE)
    d_before, g_before = weights_of(gan.discriminator), weights_of(gan.generator)
    logs = fit(gan, 1)
    assert scale_of(gan.d_optimizer) == TOO_LARGE / 2
    assert np.isnan(logs["d_loss"][0]), "nothing was measured"
    for now, old in zip(weights_of(gan.discriminator), d_before):
        np.testing.assert_array_equal(now, old)
    assert any((now != old).any() for now, old in zip(weights_of(gan.generator), g_before))


def test_the_scale_recovers_from_an_overflow_and_grows():
    def growing():
        return keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-4), dynamic_growth_steps=2)

    gan = SMALL.build(d_optimizer=growing, g_optimizer=growing)
    gan.d_optimizer.dynamic_scale.assign(TOO_LARGE)
    before = weights_of(gan.discriminator)
    logs = fit(gan, 40)
    assert np.isfinite(logs["d_loss"][0])
    assert 1 < scale_of(gan.d_optimizer) < TOO_LARGE / 2**10
    assert any((now != old).any() for now, old in zip(weights_of(gan.discriminator), before))
    gan.d_optimizer.dynamic_scale.assign(1.0)
    gan.d_optimizer.step_counter.assign(0)
    fit(gan, 4)
    assert scale_of(gan.d_optimizer) == 4


def test_a_saved_gan_goes_on_with_its_scales_bit_for_bit(gan, tmp_path):
    gan.d_optimizer.dynamic_scale.assign(TOO_LARGE)
    fit(gan, 3)
    gan.save(tmp_path / "gan.keras")
    loaded = fg.load_gan(tmp_path / "gan.keras")
    for name in ("d_optimizer", "g_optimizer"):
        for kept, variable in zip(getattr(loaded, name).variables, getattr(gan, name).variables, strict=True):
            np.testing.assert_array_equal(kept.numpy(), variable.numpy())
    assert scale_of(loaded.d_optimizer) == TOO_LARGE / 8
    histories = [fit(going_on, 30, initial_epoch=1, epochs=2) for going_on in (gan, loaded)]
    assert histories[0] == histories[1]
    for one, other in zip(gan.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
