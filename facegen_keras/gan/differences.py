"""How far pictures are from others: light and colour, and what the attribute network sees in them."""

import functools

import keras
import numpy as np
import tensorflow as tf

from facegen_keras.networks.attribute_network import SIZE, load_attribute_network

COARSE = 4  # pictures are compared at their own size, and at a quarter of it


def pixel_difference(images, targets):
    """Mean square difference (n,) of images (n, H, W, 3), as they are and coarse."""
    coarse = [tf.nn.avg_pool2d(of, COARSE, COARSE, "VALID") for of in (images, targets)]
    return sum(tf.reduce_mean((a - b) ** 2, axis=(1, 2, 3)) for a, b in ((images, targets), coarse))


def feature_difference(images, targets, value_range):
    """How differently the attribute network sees images (n, H, W, 3) in `value_range` and others: (n,).

    The mean square difference of what each of its convolutions gives, scaled to length 1 at each place, as LPIPS
    compares pictures (Zhang et al. 2018), summed over the channels and averaged over places and layers.
    """
    low, high = value_range
    both = (tf.concat([images, targets], axis=0) - low) / (high - low)
    if both.shape[1:3] != (SIZE, SIZE):
        both = tf.image.resize(both, (SIZE, SIZE), antialias=True)
    total, layers = 0.0, _convolutions()(both, training=False)
    for seen in layers:
        a, b = tf.split(tf.math.l2_normalize(seen, axis=-1, epsilon=1e-6), 2)
        total += tf.reduce_mean(tf.reduce_sum((a - b) ** 2, axis=-1), axis=(1, 2))
    return total / len(layers)


@functools.cache
def _convolutions():
    with tf.init_scope():
        network = load_attribute_network()
    network.trainable = False
    outputs = [layer.output for layer in network.layers if isinstance(layer, keras.layers.ReLU)]
    return keras.Model(network.inputs, outputs)


def root_mean_square(pictures, others):
    """How far pictures uint8 (n, H, W, 3) are from others: float32 (n,), 0 to 1."""
    difference = (np.asarray(pictures, np.float32) - np.asarray(others, np.float32)) / 255
    return np.sqrt(np.mean(difference**2, axis=(1, 2, 3)))
