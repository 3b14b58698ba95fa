import keras
import numpy as np
import pytest
import tensorflow as tf

from facegen_keras.batch_norm import FusedBatchNormalization


@pytest.mark.parametrize("shape", [(16, 5), (16, 8, 6, 5)])
def test_it_is_keras_own(shape):
    """Output, gradients, gradients of gradients, averages and inference, against the layer it replaces."""
    pictures = tf.random.stateless_normal(shape, (1, 2), 3.0, 2.0)
    results = []
    for kind in (keras.layers.BatchNormalization, FusedBatchNormalization):
        layer = kind(momentum=0.8)
        layer.build(shape)
        layer.gamma.assign(np.linspace(0.5, 2, 5))
        layer.beta.assign(np.linspace(-1, 1, 5))
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(pictures)
            with tf.GradientTape() as tape:
                tape.watch(pictures)
                loss = tf.reduce_sum(layer(pictures, training=True) ** 3)
            slope = tape.gradient(loss, pictures)
            steepness = tf.reduce_sum(slope**2) / 1000  # as in gradient penalties
        gradients = outer.gradient(loss, [pictures, *layer.trainable_variables])
        results.append(
            [
                loss,
                *gradients,
                outer.gradient(steepness, pictures),
                *layer.non_trainable_variables,
                layer(pictures, training=False),
            ]
        )
    for own, fused in zip(*results):
        np.testing.assert_allclose(own, fused, rtol=1e-3, atol=1e-3)


def test_statistics_stay_float32_under_bfloat16():
    layer = FusedBatchNormalization(momentum=0.0, dtype="mixed_bfloat16")
    pictures = tf.cast(tf.random.stateless_normal((32, 8, 8, 4), (1, 2), 100.0, 0.5), tf.bfloat16)
    assert layer(pictures, training=True).dtype == tf.bfloat16
    assert {variable.dtype for variable in layer.variables} == {"float32"}
    np.testing.assert_allclose(layer.moving_mean, np.mean(tf.cast(pictures, tf.float32), axis=(0, 1, 2)), rtol=1e-4)


def test_a_saved_model_keeps_it(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 3)), FusedBatchNormalization(momentum=0.7)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    assert isinstance(loaded, FusedBatchNormalization) and loaded.momentum == 0.7
