"""The switches of `modern`'s networks, and that a training with them goes on from a file."""

from functools import partial

import keras
import numpy as np
import pytest

import facegen_keras as fg
from batches import small_batches
from facegen_keras.networks.conditioning import connect_generator

SMALL = fg.RECIPES["modern"].override(
    image_size=16,
    attributes=2,
    batch_size=8,
    generator=partial(fg.modern_generator, width=4),
    discriminator=partial(fg.modern_discriminator, widths=(4, 4, 4)),
)


FALLING = keras.optimizers.schedules.PiecewiseConstantDecay([1, 2], [1.0, 0.3, 0.1])
OPTIONS = {
    "modulated": {
        "generator": partial(fg.modern_generator, width=4),
        "discriminator": partial(fg.modern_discriminator, widths=(4, 4, 4), deviation=4),
        "dtype_policy": "mixed_bfloat16",
    },
    "blocks": {
        "generator": partial(fg.modern_generator, width=2, blocks=1),
        "discriminator": partial(fg.modern_discriminator, widths=(32,), blocks=1),  # two groups
        "dtype_policy": "float32",
    },
    "late": {
        "augmentation": partial(fg.diffusion_noise, images=100),
        **{
            "loss": fg.CrossEntropy(mismatch="shuffle", gamma=FALLING, attribute_dropout=0.5),
            "ema_decay": fg.HalfLife(100, 0.1),
        },
        "dtype_policy": "mixed_bfloat16",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS)
def test_a_training_goes_on_from_a_file_bit_for_bit(options, tmp_path):
    gan, data = SMALL.build(**OPTIONS[options]), small_batches(SMALL, count=3)
    before = [weight.numpy() for weight in gan.trainable_weights]
    logs = gan.fit(data, verbose=0).history
    assert all(np.isfinite(values).all() for values in logs.values())
    changed = [(now.numpy() != old).any() for now, old in zip(gan.trainable_weights, before)]
    assert sum(changed) > 0.9 * len(changed)
    gan.save(tmp_path / "gan.keras")
    loaded = fg.load_gan(tmp_path / "gan.keras")
    histories = [going_on.fit(data, initial_epoch=1, epochs=2, verbose=0).history for going_on in (gan, loaded)]
    assert histories[0] == histories[1]
    for weight, same in zip(loaded.weights, gan.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), same.numpy(), err_msg=weight.path)
    np.testing.assert_array_equal(loaded.sample(3, reject=1 / 3), gan.sample(3, reject=1 / 3))


def body_of(size=130, **switches):
    return connect_generator(fg.modern_generator((16, 16), 0, width=4, **switches), (size,), 0).get_layer("body")


@pytest.mark.parametrize("residual", [False, True])
def test_the_vector_modulates_what_a_stage_draws(residual):
    """Also where the picture begins with nothing but its biases."""
    vectors = np.random.default_rng(0).normal(size=(3, 130)).astype(np.float32)
    for modulated in (True, False):
        body = body_of(residual=residual, modulated=modulated)
        first = next(layer for layer in body.layers if isinstance(layer, keras.layers.Dense) and layer.units == 32)
        first.kernel.assign(np.zeros(first.kernel.shape))
        first.bias.assign(np.ones(first.bias.shape))
        drawn = body(vectors, training=False).numpy()
        assert (drawn[0] != drawn[1]).any() == modulated and drawn.shape == (3, 16, 16, 3)


def test_blocks_change_nothing_at_first():
    """Both networks: their last convolutions start at zero."""
    for network, shape, count in (
        (body_of(10, blocks=2), (10,), 10),
        (fg.modern_discriminator(0, (8, 8), blocks=2)[0], (16, 16, 3), 6),
    ):
        inputs = np.random.default_rng(0).normal(size=(2, *shape))
        before, blocks = network(inputs).numpy(), [layer for layer in network.layers if hasattr(layer, "body")]
        assert len(blocks) == count
        for layer in blocks:
            layer.body.layers[0].bias.assign(np.full(layer.body.layers[0].bias.shape, 9.0))
        np.testing.assert_array_equal(network(inputs), before)
        blocks[0].body.layers[-1].kernel.assign(np.ones(blocks[0].body.layers[-1].kernel.shape))
        assert (network(inputs).numpy() != before).any()


def test_switches_that_exclude_each_other():
    with pytest.raises(ValueError, match="residual=True, blocks=1: choose one"):
        fg.modern_generator((16, 16), 0, residual=True, blocks=1)


@pytest.mark.parametrize("options", [{"residual": True}, {"blocks": 1}])
def test_memory_of_residual_blocks_is_counted(options):
    plain, more = (partial(fg.modern_generator, width=8, **switches) for switches in ({}, options))
    assert SMALL.override(generator=more).check_memory() > SMALL.override(generator=plain).check_memory()


@pytest.mark.parametrize("name", ["modern", "modern_32", "modern_128", "modern_gpu"])
def test_the_discriminators_of_presets_come_down_to_four_pixels(name):
    recipe = fg.RECIPES[name]
    features, _ = recipe.discriminator(8)
    features.build((None, *recipe.size, 3))
    assert features.layers[-2].output.shape[1:3] == (4, 4)
