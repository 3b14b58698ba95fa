"""The networks whose features metrics compare; each has its own name, because their results must not be mixed."""

import dataclasses
import functools
import os
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from facegen_keras.data.images import to_size
from facegen_keras.networks.attribute_network import face_features
from facegen_keras.networks.view_network import view_features
from facegen_keras.progress import tell_time_left

INCEPTION_SIZE = 299
INCEPTION_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"  # as keras.applications keeps it


@dataclasses.dataclass(frozen=True)
class Features:
    """A way to turn pictures into vectors.

    Args:
        name: what results call it; numbers measured by features of different names must not be compared.
        resizing: how pictures are resized to what the network reads.
        extract: uint8 array (n, H, W, 3) -> float32 (n, d).
    """

    name: str
    resizing: str
    extract: Callable


def find_features(features="faces"):
    """Find the features that metrics compare.

    Args:
        features: "faces", the attribute network that is shipped, which needs no download but knows nothing but faces;
            "views", the shipped network that learnt without labels, which shares neither task nor pictures with a
            training on the other half of the people; or "inception", InceptionV3 of `keras.applications`, trained on
            ImageNet, whose weights Keras downloads the first time. Papers use other Inception weights (the TF-Slim
            graph of 2015): numbers measured by none of the three can be compared with theirs. Or `Features` of your
            own.

    Returns:
        `Features`.

    Raises:
        ValueError: there are no such features.
    """
    if isinstance(features, Features):
        return features
    if features not in KINDS:
        raise ValueError(f"features={features!r}: expected one of {', '.join(KINDS)}, or a Features.")
    return KINDS[features]


def _inception_features(pictures):
    network = _inception(_inception_file())
    vectors = []
    starts = range(0, len(pictures), 64)  # a thousand images of 299 pixels take a gigabyte
    for i in tell_time_left(starts, f"InceptionV3's features of {len(pictures):,} pictures"):
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
    except Exception as error:  # urllib, Keras and h5py each raise their own kinds
        raise OSError(
            f"The weights of InceptionV3 could not be loaded ({error}): put {INCEPTION_FILE} into {file.parent}, "
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
    "views": Features(
        "facegen_keras view network (CelebA without labels), whitened, 64",
        "64x64, Lanczos, antialiased",
        view_features,
    ),
}
