"""Checks of arguments that many rooms share."""

import numpy as np

LARGEST_SEED = 2**32 - 1  # numpy's and Keras' limit


def check_whole(name, value, least=None):
    """Return `value` as an int.

    Raises:
        ValueError: it is no whole number, or under `least`; the message names the argument.
    """
    is_number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not is_number or value != value or value in (float("inf"), float("-inf")) or int(value) != value:
        raise ValueError(f"{name}={value!r}: expected a whole number.")
    if least is not None and value < least:
        raise ValueError(f"{name}={value}: expected at least {least}.")
    return int(value)


def check_seed(seed):
    """Return a seed as an int; ValueError if it is none that numpy and Keras take."""
    if check_whole("seed", seed, 0) > LARGEST_SEED:
        raise ValueError(f"seed={seed}: expected at most {LARGEST_SEED:,}.")
    return int(seed)
