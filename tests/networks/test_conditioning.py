import numpy as np
import pytest
import tensorflow as tf

import facegen_keras as fg


def test_projection_conditions_on_attributes():
    gan = fg.RECIPES["modern"].build(image_size=16, attributes=2)
    images = np.tile(np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)), (2, 1, 1, 1)).astype(np.float32)
    logits = gan.discriminator([images, np.array([[0, 0], [1, 1]], np.float32)]).numpy()
    middle = gan.discriminator([images[:1], np.array([[0.5, 0.5]], np.float32)]).numpy()
    assert logits[0] != logits[1]
    assert logits.mean() == pytest.approx(middle.item(), abs=1e-5)  # linear in the attributes


def test_features_computed_once_are_those_of_each_judgement():
    """D's own and wrong attributes, where it reads them last, share the features of the picture."""
    gan = fg.RECIPES["dcgan1"].build(image_size=16)
    images = np.random.default_rng(0).random((4, 16, 16, 3), np.float32)
    attributes = np.array([[0], [1], [1], [0]], np.float32)
    candidates = tf.constant(attributes), tf.constant(1 - attributes)
    together = gan.discriminator.logits(images, candidates, training=True)
    apart = [gan.discriminator([images, candidate], training=True) for candidate in candidates]
    np.testing.assert_allclose(together, apart, rtol=1e-5)
    assert not np.allclose(apart[0], apart[1])
