"""A small network that reads attributes off a face, CelebA's 40 or others, and whose features tell faces apart."""

import functools
from pathlib import Path

import keras
import numpy as np
from keras import layers

from facegen_keras.data.attributes import ATTRIBUTES, LONGEST, MOST, resolve_attributes
from facegen_keras.data.images import to_size
from facegen_keras.networks.weight_file import load_network
from facegen_keras.progress import tell_time_left

SHIPPED = Path(__file__).parents[1] / "assets" / "attribute_network.npz"
SIZE = 64  # side in pixels of the faces that it reads
WIDTH = 32  # channels of the shipped network's first convolution
WIDEST = 256
STAGES = ((1, 2), (2, 2), (2, 1), (4, 2), (4, 1), (6, 2), (6, 1))  # multiples of the width, and strides
FEATURES = "features"  # name of the layer before the last
NAMES = "attributes"  # what a file calls the names of what the network reads


def build_attribute_network(dtype_policy="float32", width=WIDTH, attributes=ATTRIBUTES):
    """Build the network, untrained.

    Args:
        dtype_policy: the Keras dtype policy of its convolutions, whatever the global one is; features and logits are
            always float32.
        width: channels of the first convolution; the last has six times as many.
        attributes: the n names of what it reads.

    Returns:
        A Keras model of images (b, 64, 64, 3) in [0, 1] to logits (b, n); its layer `features` gives (b, 6 width), and
        its attribute `attributes` the names.
    """
    inputs = keras.Input((SIZE, SIZE, 3))
    stages = [(factor * width, stride) for factor, stride in STAGES]
    features = layers.GlobalAveragePooling2D(name=FEATURES, dtype="float32")(convolve(inputs, stages, dtype_policy))
    logits = layers.Dense(len(attributes), dtype="float32")(layers.Dropout(0.2, dtype="float32")(features))
    network = keras.Model(inputs, logits, name="attribute_network")
    network.attributes = tuple(attributes)
    return network


def convolve(inputs, stages, dtype_policy):
    """3x3 convolutions of images (b, H, W, 3) in [0, 1], each with batch norm and ReLU.

    Args:
        inputs: a Keras tensor.
        stages: pairs of channels and stride, one a convolution.
        dtype_policy: the Keras dtype policy of all of it.
    """
    images = layers.Rescaling(2.0, -1.0, dtype=dtype_policy)(inputs)
    for channels, stride in stages:
        images = layers.Conv2D(channels, 3, stride, "same", use_bias=False, dtype=dtype_policy)(images)
        images = layers.BatchNormalization(momentum=0.9, dtype=dtype_policy)(images)
        images = layers.ReLU(dtype=dtype_policy)(images)
    return images


def load_attribute_network(path=SHIPPED, dtype_policy="float32"):
    """Load a trained network: by default the shipped one, whose card is `assets/attribute_network.md`.

    Args:
        path: the `.npz` file that `train_attribute_network` wrote. One without names reads CelebA's 40.
        dtype_policy: as for `build_attribute_network`.

    Returns:
        A Keras model, as `build_attribute_network` describes it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file does not hold the weights of this network.
    """

    def build(file):
        return build_attribute_network(dtype_policy, _width_of(file), _names_in(file))

    return load_network(path, build, "train_attribute_network")


def _width_of(file):
    """Channels of the first convolution; of the shipped network where the file is of none that could be built."""
    shape, _ = file.headers.get("weight_000", ((), None))
    return shape[-1] if len(shape) == 4 and 0 < shape[-1] <= WIDEST else WIDTH


def _names_in(file):
    """The names of what the network of a file reads, whose header is then taken out; ValueError if they are none."""
    if NAMES not in file.headers:
        return ATTRIBUTES
    shape, dtype = file.headers.pop(NAMES)
    if len(shape) != 1 or not 0 < shape[0] <= MOST or dtype.kind != "U" or dtype.itemsize > 4 * LONGEST:
        raise ValueError(f"{NAMES}: found {shape} of {dtype}, expected up to {MOST} names")
    return resolve_attributes(file.read(NAMES).tolist())


def estimate_attributes(pictures, network=None):
    """Read attributes off faces.

    Args:
        pictures: uint8 array (n, H, W, 3), framed as `load_faces` frames them; resized to 64x64.
        network: as `find_attribute_network` takes it; None for the one that is shipped.

    Returns:
        float32 array (n, k): the network's probability for each of its attributes, the shipped one's for `ATTRIBUTES`.

    Raises:
        ValueError: `pictures` is empty or no such array.
    """
    return read_probabilities(find_attribute_network(network), pictures)


def find_attribute_network(network=None):
    """An attribute network: the one that is shipped (None), that of an `.npz` file, or one that is loaded already."""
    if network is None:
        return shipped_network()
    if isinstance(network, keras.Model):
        return network
    return _load_once(str(network), Path(network).stat().st_mtime_ns if Path(network).is_file() else None)


@functools.lru_cache(maxsize=2)
def _load_once(path, modified):
    return load_attribute_network(path)


def face_features(pictures):
    """Compute features of faces, in which similar faces are near each other.

    Args:
        pictures: as for `estimate_attributes`.

    Returns:
        float32 array (n, 192).

    Raises:
        ValueError: `pictures` is empty or no such array.
    """
    return read_features(shipped_network(), pictures)


@functools.cache
def shipped_network():
    """The network that is shipped, loaded once."""
    return load_attribute_network()


@functools.cache
def _feature_extractor(network):
    return keras.Model(network.inputs, network.get_layer(FEATURES).output)


def read_probabilities(network, pictures):
    """A network's probability for each of its attributes, float32 (n, k), of pictures uint8 (n, H, W, 3)."""
    return 1 / (1 + np.exp(-predict(network, pictures)))


def read_features(network, pictures):
    """The output of a network's layer `features`, float32 (n, d), for pictures uint8 (n, H, W, 3)."""
    return predict(_feature_extractor(network), pictures)


def predict(network, pictures, batch_size=256):
    """The outputs of a network for pictures uint8 (n, H, W, 3), in batches, so that memory is bounded."""
    starts = tell_time_left(range(0, max(len(pictures), 1), batch_size), f"Looking at {len(pictures):,} pictures")
    batches = (to_size(pictures[i : i + batch_size]) for i in starts)
    return np.concatenate([network.predict_on_batch(batch.astype(np.float32) / 255) for batch in batches])
