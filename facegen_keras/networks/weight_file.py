"""Weights in `.npz` files, which may come from anywhere: what a file says of itself is checked before it is read."""

import contextlib
import zipfile

import numpy as np


@contextlib.contextmanager
def open_weights(path):
    """Yield the `WeightFile` of a path.

    Raises:
        FileNotFoundError: there is no such file.
        Exception: it is damaged; zipfile, zlib and numpy raise about anything.
    """
    with zipfile.ZipFile(path) as archive:
        yield WeightFile(archive)


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
