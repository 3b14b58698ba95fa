"""Weights in `.npz` files, which may come from anywhere: what a file says of itself is checked before it is read."""

import contextlib
import functools
import zipfile

import numpy as np

INT8 = 127


def compress(name, weight):
    """A weight in a quarter of its memory, as dict of arrays by their names in a file.

    A matrix or kernel becomes int8 with one scale for each index of its last axis; biases and the like become float16.

    Args:
        name: what the file calls it.
        weight: float array.
    """
    if weight.ndim < 2:
        return {name: weight.astype(np.float16)}
    largest = np.abs(weight).max(axis=tuple(range(weight.ndim - 1)))
    scale = np.where(largest > 0, largest, 1) / np.float32(INT8)
    return {name: np.round(weight / scale).astype(np.int8), _scale_of(name): scale}


def compressed_headers(name, shape):
    """The headers (see `WeightFile`) of what `compress` gives for a float32 weight of a shape."""
    if len(shape) < 2:
        return {name: (tuple(shape), np.dtype(np.float16))}
    return {name: (tuple(shape), np.dtype(np.int8)), _scale_of(name): (tuple(shape[-1:]), np.dtype(np.float32))}


def compress_network(network):
    """All weights of a Keras model, by `compress`: in Keras' order, `weight_000`, `weight_001`, ..."""
    weights = network.get_weights()
    return functools.reduce(dict.__or__, (compress(_name_of(i), weight) for i, weight in enumerate(weights)))


def _scale_of(name):
    return f"scale_of_{name}"


def _name_of(place):
    return f"weight_{place:03d}"


@contextlib.contextmanager
def open_weights(path):
    """Yield the `WeightFile` of a path.

    Raises:
        FileNotFoundError: there is no such file.
        Exception: it is damaged; zipfile, zlib and numpy raise about anything.
    """
    with zipfile.ZipFile(path) as archive:
        yield WeightFile(archive)


def load_network(path, build, writer):
    """Load a trained network, built in code, so that every version of Keras reads its weights.

    Args:
        path: the `.npz` file of what `compress_network` gave.
        build: function of the `WeightFile` to the Keras model, untrained.
        writer: name of the function that writes such files, for the error.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file does not hold the weights of this network.
    """
    try:
        with open_weights(path) as file:
            network = build(file)
            file.read_network(network)
    except FileNotFoundError:
        raise
    except Exception as error:  # numpy, zipfile and zlib each raise their own kinds
        raise ValueError(
            f"{path} cannot be read as an .npz file of weights ({error}). Write the file with {writer}; if it is the "
            "shipped one, install the package again."
        ) from error
    return network


class WeightFile:
    """The arrays of an `.npz` file. None is read by pickle, and none that has another size than is expected.

    Args:
        archive: a `zipfile.ZipFile`, opened.

    Attributes:
        headers: dict of name to (shape, dtype), which takes no reading of the arrays themselves.

    Raises:
        ValueError: a member is no array, or is there twice.
    """

    def __init__(self, archive):
        names = archive.namelist()
        if wrong := [name for name in names if not name.endswith(".npy") or names.count(name) > 1]:
            raise ValueError(f"{wrong[0]!r} is no array, or is there twice")
        self._archive = archive
        self.headers = {name.removesuffix(".npy"): self._header(name) for name in names}

    def _header(self, member):
        with self._archive.open(member) as file:
            if np.lib.format.read_magic(file) != (1, 0):
                raise ValueError(f"{member} has another format than numpy writes for weights")
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            return shape, dtype

    def check(self, expected):
        """ValueError unless the file has the arrays of `expected`, a dict like `headers`, and no others."""
        for name in sorted(expected.keys() | self.headers.keys()):
            if self.headers.get(name) != expected.get(name):
                raise ValueError(f"{name}: found {self.headers.get(name)}, expected {expected.get(name)}")

    def read(self, name):
        """Read an array, whose header was checked.

        Raises:
            ValueError: it is damaged, or holds NaN or infinite numbers.
        """
        with self._archive.open(f"{name}.npy") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
            if file.read(1):  # zipfile compares checksums where a member ends
                raise ValueError(f"{name} is longer than it says")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinite numbers")
        return array

    def read_network(self, network):
        """Set the weights of a Keras model to what `compress_network` gave; ValueError if they are others."""
        shapes = {_name_of(i): weight.shape for i, weight in enumerate(network.get_weights())}
        self.check(functools.reduce(dict.__or__, (compressed_headers(name, shape) for name, shape in shapes.items())))
        network.set_weights([self.read_compressed(name) for name in shapes])

    def read_compressed(self, name):
        """Read what `compress` gave for a weight, as float32; ValueError as for `read`."""
        scale = self.read(_scale_of(name)) if _scale_of(name) in self.headers else np.float32(1)
        weight = self.read(name) * scale
        if not np.isfinite(weight).all():
            raise ValueError(f"{name} is too large")
        return weight
