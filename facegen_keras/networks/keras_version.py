"""The version of Keras that runs."""

import keras


def is_keras_before(version):
    """Whether the Keras that runs is older than a (major, minor) version."""
    return tuple(map(int, keras.version().split(".")[:2])) < version
