"""The networks by whose features sets of faces are compared, each with a name that no other goes by."""

import dataclasses
import functools
import os
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from facegen_keras.attribute_network import face_features, to_size

INCEPTION_SIZE = 299
INCEPTION_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"  # as keras.applications keeps it


@dataclasses.dataclass(frozen=True)
class Features:
    """A way to turn pictures into vectors.

    Args:
        name: what a result calls it; numbers of different names must not be compared.
        resizing: how pictures of another size are brought to the network's.
        extract: uint8 array (n, H, W, 3) -> float32 (n, d).
    """

    name: str
    resizing: str
    extract: Callable


def find_features(name=None):
    """The features to judge by.

    Args:
        name: "inception": InceptionV3 of `keras.applications`, trained on ImageNet, which is what the field reports
            (Keras downloads its weights the first time); "faces": the attribute network that is shipped, which
            needs no download and knows nothing but faces; None: Inception where its weights are already, else faces.
            Or `Features` of your own.

    Raises:
        ValueError: there is no such name.
        OSError: the weights of Inception are not there, and cannot be downloaded.
    """
    if isinstance(name, Features):
        return name
    if name is None:
        name = "inception" if _inception_file().exists() else "faces"
    if name not in KINDS:
        raise ValueError(f"features={name!r}: expected one of {', '.join(KINDS)}, None, or a Features.")
    return KINDS[name]


def _inception_features(pictures):
    network = _inception(_inception_file())
    vectors = []
    for i in range(0, len(pictures), 64):  # a thousand faces of 299 pixels would fill a gigabyte
        images = to_size(pictures[i : i + 64], (INCEPTION_SIZE, INCEPTION_SIZE), "bicubic").astype(np.float32)
        vectors.append(network.predict_on_batch(keras.applications.inception_v3.preprocess_input(images)))
    return np.concatenate(vectors)


@functools.cache
def _inception(file):
    try:
        return keras.applications.InceptionV3(
            include_top=False,
            weights=str(file) if file.exists() else "imagenet",
            pooling="avg",
            input_shape=(INCEPTION_SIZE, INCEPTION_SIZE, 3),
        )
    except Exception as error:  # urllib's, Keras' and h5py's differ
        raise OSError(
            f"The weights of InceptionV3 could not be had ({error}): put {INCEPTION_FILE} into {file.parent}, "
            'or pass features="faces".'
        ) from error


def _inception_file():
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models" / INCEPTION_FILE


KINDS = {
    "inception": Features(
        "InceptionV3 (keras.applications, ImageNet), average pool, 2048",
        "299x299, bicubic, antialiased",
        _inception_features,
    ),
    "faces": Features(
        "facegen_keras attribute network (CelebA), average pool, 192", "64x64, Lanczos, antialiased", face_features
    ),
}
