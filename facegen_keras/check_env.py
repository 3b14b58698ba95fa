"""The environment check: python -m facegen_keras.check_env says what works here, and how to mend what does not."""

import importlib
import importlib.metadata
import os
import platform
import shutil
import sys

LEAST_VERSIONS = {
    "tensorflow": (2, 16),
    "keras": (3, 3),
    "numpy": (1, 26),
    "pandas": (2, 0),
    "matplotlib": (3, 7),
    "pillow": (10, 1),
    "jupyter": (1, 0),
    "kagglehub": (0, 3),
}
IMPORT_NAMES = {"pillow": "PIL", "jupyter": "nbconvert"}
LEAST_PYTHON = (3, 10)
INSTALL = "install it with `pip install -r requirements.txt`, in the environment that runs this command"


class Failure(Exception):
    """A check that failed: what was found, and the mend."""


def check_python():
    if sys.version_info < LEAST_PYTHON:
        raise Failure(
            f"Python {platform.python_version()} is older than {'.'.join(map(str, LEAST_PYTHON))}: use a newer one."
        )
    return f"Python {platform.python_version()}"


def check_packages():
    found = []
    for package, least in LEAST_VERSIONS.items():
        try:
            importlib.import_module(IMPORT_NAMES.get(package, package))
            version = importlib.metadata.version(package)
        except Exception as error:  # a broken wheel may raise anything while it is imported
            raise Failure(f"{package} does not work ({type(error).__name__}: {error}): {INSTALL}.") from error
        if tuple(map(int, version.split(".")[:2])) < least:
            raise Failure(f"{package} {version} is older than {'.'.join(map(str, least))}: {INSTALL}.")
        found.append(f"{package} {version}")
    return ", ".join(found)


def check_backend():
    import keras

    if keras.backend.backend() != "tensorflow":
        raise Failure(f"Keras runs on {keras.backend.backend()!r}: set KERAS_BACKEND=tensorflow.")
    return "Keras runs on TensorFlow"


def check_devices():
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    return f"{', '.join(names) or 'no GPU seen: training runs'} on {os.cpu_count()} CPU cores"


def check_memory():
    try:
        gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return "memory: cannot be read on this system"
    if gigabytes < 3:
        raise Failure(
            f"{gigabytes:.1f} GB of memory: training needs about 3; close other programs or use a larger machine."
        )
    return f"{gigabytes:.1f} GB of memory"


def check_cache():
    from facegen_keras.layouts import cache_folder

    try:
        folder = cache_folder()
    except OSError as error:
        raise Failure(str(error)) from error
    if not os.access(folder, os.W_OK):
        raise Failure(f"{folder} cannot be written: set FACEGEN_CACHE to a folder that can.")
    return f"cache {folder}, {shutil.disk_usage(folder).free / 1e9:.0f} GB free"


def check_data():
    from facegen_keras.layouts import find_data, find_layout

    try:
        faces = find_layout(find_data())
        names = faces.names
    except (OSError, ValueError) as error:
        raise Failure(str(error)) from error
    return f"{len(names):,} faces in {faces}"


def check_training():
    import numpy as np

    from facegen_keras.recipes import RECIPES

    recipe = RECIPES["dcgan2"]
    gan = recipe.build()
    images = np.zeros((4, *recipe.size, 3), np.float32)
    logs = gan.fit(images, np.ones((4, len(recipe.attributes)), np.float32), batch_size=4, verbose=0).history
    if not np.isfinite(logs["g_loss"] + logs["d_loss"]).all():
        raise Failure(f"a training step gave {logs}: reinstall TensorFlow; {INSTALL}.")
    gan.sample(1)
    return "one training step and one face: done"


CHECKS = (
    check_python,
    check_packages,
    check_backend,
    check_devices,
    check_memory,
    check_cache,
    check_data,
    check_training,
)


def main():
    """Run every check and print a line for each; returns 0 when all passed, 1 otherwise."""
    status = 0
    for check in CHECKS:
        try:
            print(f"ok    {check()}", flush=True)
        except Failure as failure:
            print(f"FAIL  {failure}", flush=True)
            status = 1
        except Exception as error:  # a check that cannot run is a finding too, most often a missing package
            print(f"FAIL  {check.__name__} cannot run ({type(error).__name__}: {error}): {INSTALL}.", flush=True)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
