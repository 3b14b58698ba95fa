"""A small network that learnt from views of faces, without labels: the second pair of eyes of the metrics."""

import functools
from pathlib import Path

import keras
import numpy as np
from keras import layers

from facegen_keras.networks.attribute_network import FEATURES, SIZE, convolve, predict, read_features
from facegen_keras.networks.weight_file import load_network

SHIPPED = Path(__file__).parents[1] / "assets" / "view_network.npz"
STAGES = ((32, 2), (64, 2), (64, 1), (128, 2), (128, 1), (192, 2))  # channels and strides
LENGTH = 64  # of the features
SMALLEST = 1e-5  # share of the largest variance; what has less is not enlarged to 1


def build_view_network(dtype_policy="float32"):
    """Build the network, untrained.

    Args:
        dtype_policy: the Keras dtype policy of its convolutions, whatever the global one is; features are always
            float32.

    Returns:
        A Keras model of images (b, 64, 64, 3) in [0, 1] to features (b, 64). Its last layer, `features`, is no part of
        the training: see `whiten`.
    """
    inputs = keras.Input((SIZE, SIZE, 3))
    pooled = layers.GlobalAveragePooling2D(dtype="float32")(convolve(inputs, STAGES, dtype_policy))
    features = layers.Dense(LENGTH, name=FEATURES, dtype="float32")(pooled)
    return keras.Model(inputs, features, name="view_network")


def pooled_model(network):
    """The part of the network that is trained: of images to what its convolutions see, averaged, (b, 192)."""
    return keras.Model(network.inputs, network.get_layer(FEATURES).input)


def whiten(network, pictures):
    """Set the layer `features` to the 64 main components of faces, each with a mean of 0 and a variance of 1.

    Without it a handful of directions (light, hair, background) have nearly all of the variance, and distances see
    little else.

    Args:
        network: as `build_view_network` builds it; its last layer is set.
        pictures: uint8 array (n, H, W, 3) of real faces.
    """
    pooled = predict(pooled_model(network), pictures).astype(np.float64)
    variances, directions = np.linalg.eigh(np.cov(pooled, rowvar=False))  # in ascending order
    largest = np.maximum(variances[-LENGTH:], SMALLEST * variances[-1])
    kernel = directions[:, -LENGTH:] / np.sqrt(largest)
    network.get_layer(FEATURES).set_weights([kernel, -pooled.mean(axis=0) @ kernel])


def load_view_network(path=SHIPPED):
    """Load a trained network: by default the shipped one, whose card is `assets/view_network.md`.

    Args:
        path: the `.npz` file that `train_view_network` wrote.

    Returns:
        A Keras model, as `build_view_network` describes it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file does not hold the weights of this network.
    """
    return load_network(path, lambda file: build_view_network(), "train_view_network")


@functools.cache
def shipped_network():
    """The network that is shipped, loaded once."""
    return load_view_network()


def view_features(pictures):
    """Compute features of faces by the shipped network, which knows faces, but no attributes.

    Args:
        pictures: uint8 array (n, H, W, 3), framed as `load_faces` frames them; resized to 64x64.

    Returns:
        float32 array (n, 64).

    Raises:
        ValueError: `pictures` is empty or no such array.
    """
    return read_features(shipped_network(), pictures)
