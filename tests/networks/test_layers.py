import keras
import numpy as np
import pytest
import tensorflow as tf

from facegen_keras.networks.layers import FusedBatchNormalization, GroupedConv2D, MinibatchDeviation


def results_of(layer, pictures):
    """Output, gradients, gradients of gradients, moving averages and inference of a layer."""
    layer.build(pictures.shape)
    for weight, start in zip(layer.trainable_variables, (0.5, -1)):
        weight.assign(np.linspace(start, 2, 5))
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(pictures)
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            output = layer(pictures, training=True)
            loss = tf.reduce_sum(output**3)
        gradient_penalty = tf.reduce_sum(tape.gradient(loss, pictures) ** 2) / 1000
    return [
        output,
        *outer.gradient(loss, [pictures, *layer.trainable_variables]),
        outer.gradient(gradient_penalty, pictures),
        *layer.non_trainable_variables,
        layer(pictures, training=False),
    ]


@pytest.mark.parametrize("shape", [(16, 5), (16, 8, 6, 5)])
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("center", [True, False])
def test_it_computes_what_keras_own_layer_does(shape, scale, center):
    pictures = tf.random.stateless_normal(shape, (1, 2), 3.0, 2.0)
    kinds = keras.layers.BatchNormalization, FusedBatchNormalization
    own, fused = (results_of(kind(momentum=0.8, scale=scale, center=center), pictures) for kind in kinds)
    assert len(own) == len(fused) == 6 + scale + center
    for expected, found in zip(own, fused):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("scale", [True, False])
def test_statistics_stay_float32_under_bfloat16(scale):
    layer = FusedBatchNormalization(momentum=0.0, scale=scale, center=scale, dtype="mixed_bfloat16")
    pictures = tf.cast(tf.random.stateless_normal((32, 8, 8, 4), (1, 2), 100.0, 0.5), tf.bfloat16)
    assert layer(pictures, training=True).dtype == tf.bfloat16
    assert {keras.backend.standardize_dtype(variable.dtype) for variable in layer.variables} == {"float32"}
    np.testing.assert_allclose(layer.moving_mean, np.mean(tf.cast(pictures, tf.float32), axis=(0, 1, 2)), rtol=1e-4)


def test_a_frozen_layer_keeps_its_averages():
    layer = FusedBatchNormalization()
    pictures = tf.random.stateless_normal((4, 3), (1, 2), 3.0)
    layer(pictures)
    layer.trainable = False
    np.testing.assert_allclose(layer(pictures, training=True), layer(pictures, training=False))
    np.testing.assert_array_equal(layer.moving_mean, [0, 0, 0])


def test_a_saved_model_keeps_it(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 3)), FusedBatchNormalization(momentum=0.7, scale=False)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    assert isinstance(loaded, FusedBatchNormalization)
    assert loaded.momentum == 0.7 and loaded.center and not loaded.scale


def deviations_of(layer, features, training=True):
    return layer(features, training=training).numpy()[..., -1]


def test_minibatch_deviation_is_that_of_each_group_of_neighbours():
    features = np.random.default_rng(0).normal(size=(8, 3, 2, 5)).astype(np.float32)
    features[4:] = features[4]  # four pictures that are alike
    layer = MinibatchDeviation(4)
    output = layer(features, training=True).numpy()
    np.testing.assert_array_equal(output[..., :-1], features)
    expected = np.repeat([features[:4].std(axis=0).mean(), 0.0], 4)
    np.testing.assert_allclose(output[..., -1], np.broadcast_to(expected[:, None, None], (8, 3, 2)), atol=2e-4)
    parts = [deviations_of(layer, part) for part in (features[:4], features[4:])]
    np.testing.assert_allclose(np.concatenate(parts), output[..., -1], rtol=1e-6)


def test_minibatch_deviation_of_a_verdict_does_not_depend_on_its_neighbours():
    layer, features = MinibatchDeviation(2, momentum=0.5), np.random.default_rng(0).normal(size=(6, 2, 2, 3))
    found = deviations_of(layer, features.astype(np.float32)).mean()
    for count in (1, 3):
        alone = deviations_of(layer, features[:count].astype(np.float32), training=False)
        np.testing.assert_allclose(alone, np.full((count, 2, 2), found / 2), rtol=1e-5)  # the average began at 0


def test_minibatch_deviation_under_bfloat16_is_measured_in_float32():
    features = 100 + np.random.default_rng(0).normal(size=(4, 2, 2, 64)).astype(np.float32)
    halved = tf.cast(features, tf.bfloat16)
    layer = MinibatchDeviation(dtype="mixed_bfloat16")
    assert layer(features, training=True).dtype == tf.bfloat16
    expected = tf.cast(halved, tf.float32).numpy().std(axis=0).mean()
    assert layer.average.numpy() == pytest.approx(0.1 * expected, rel=1e-4)


def test_minibatch_deviation_of_pictures_that_make_no_groups():
    with pytest.raises(ValueError, match="6 pictures at once are no multiple of 4"):
        MinibatchDeviation(4)(np.zeros((6, 2, 2, 3), np.float32), training=True)
    with pytest.raises(ValueError, match="group=1"):
        MinibatchDeviation(1)


def test_grouped_convolution_joins_only_channels_of_a_group():
    """It is a plain convolution whose kernel is zero between groups."""
    grouped, plain = GroupedConv2D(6, 3, padding="same", groups=2), keras.layers.Conv2D(6, 3, padding="same")
    pictures = np.random.default_rng(0).normal(size=(2, 5, 5, 4)).astype(np.float32)
    grouped.build(pictures.shape)
    plain.build(pictures.shape)
    kernel = np.zeros(plain.kernel.shape, np.float32)
    kernel[:, :, :2, :3], kernel[:, :, 2:, 3:] = grouped.kernel.numpy()[..., :3], grouped.kernel.numpy()[..., 3:]
    plain.kernel.assign(kernel)
    np.testing.assert_allclose(grouped(pictures), plain(pictures), atol=1e-5)
