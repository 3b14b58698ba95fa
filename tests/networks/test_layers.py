import keras
import numpy as np
import pytest
import tensorflow as tf

from facegen_keras.networks.layers import FusedBatchNormalization


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
