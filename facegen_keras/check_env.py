"""The environment check: python -m facegen_keras check says what works here, and how to mend what does not."""

import contextlib
import functools
import importlib
import importlib.metadata
import logging
import os
import platform
import re
import shutil
import sys

from facegen_keras import quiet

LEAST_VERSIONS = {
    "tensorflow": (2, 16),
    "keras": (3, 3),
    "numpy": (1, 26),
    "pandas": (2, 0),
    "matplotlib": (3, 7),
    "pillow": (10, 1),
    "ipywidgets": (7, 7),
    "kagglehub": (0, 3),
}
IMPORT_NAMES = {"pillow": "PIL"}
LEAST_PYTHON = (3, 10)
REINSTALL = "install TensorFlow, Keras and this package again, as they do not work together"


class Failure(Exception):
    """A check that failed: what was found, and the mend."""


def check_python():
    oldest = _dotted(LEAST_PYTHON)
    if sys.version_info < LEAST_PYTHON:
        raise Failure(f"Python {platform.python_version()} is older than {oldest}: use a newer one.")
    return f"Python {platform.python_version()} (oldest: {oldest})"


def check_packages():
    found = []
    for package, least in LEAST_VERSIONS.items():
        install = f'run `pip install "{package}>={_dotted(least)}"` in the environment that runs this command'
        try:
            importlib.import_module(IMPORT_NAMES.get(package, package))
            version = importlib.metadata.version(package)
        except Exception as error:  # a broken wheel may raise anything while it is imported
            raise Failure(f"{package} does not work ({type(error).__name__}: {error}): {install}.") from error
        if tuple(map(int, re.findall(r"\d+", version)[:2])) < least:
            raise Failure(f"{package} {version} is older than {_dotted(least)}: {install}.")
        found.append(f"{package} {version} (oldest: {_dotted(least)})")
    return ", ".join(found)


def _dotted(version):
    return ".".join(map(str, version))


def check_backend():
    import keras

    if keras.backend.backend() != "tensorflow":
        raise Failure(f"Keras runs on {keras.backend.backend()!r}: set KERAS_BACKEND=tensorflow.")
    return "Keras runs on TensorFlow"


def check_devices():
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    return f"{', '.join(names) or 'no GPU is seen, training runs on the processor'}; {os.cpu_count()} CPU cores"


def check_dtype_policy():
    from facegen_keras.networks.dtype_policy import explain_dtype_policy

    return f'dtype_policy="auto" takes {explain_dtype_policy()}'


def check_memory():
    from facegen_keras.memory import memory_limit

    if (limit := memory_limit()) is None:
        return "memory: cannot be read on this system"
    if (gigabytes := limit / 1e9) < 3:
        raise Failure(
            f"{gigabytes:.1f} GB of memory: training needs about 3; close other programs or use a larger machine."
        )
    return f"{gigabytes:.1f} GB of memory"


def check_cache():
    from facegen_keras.data.folder import cache_folder

    try:
        folder = cache_folder()
    except OSError as error:
        raise Failure(str(error)) from error
    if not os.access(folder, os.W_OK):
        raise Failure(f"{folder} cannot be written: set FACEGEN_CACHE to a folder that can.")
    return f"cache {folder}, {shutil.disk_usage(folder).free / 1e9:.0f} GB free"


def check_data():
    from facegen_keras.data.layouts import find_data, find_layout

    try:
        faces = find_layout(find_data())
        names = faces.names
    except (OSError, ValueError) as error:
        raise Failure(str(error)) from error
    return f"{len(names):,} faces in {faces}"


def check_training():
    import numpy as np

    from facegen_keras.training.recipes import RECIPES

    recipe = RECIPES["dcgan2"]
    gan = recipe.build()
    images = np.zeros((4, *recipe.size, 3), np.float32)
    logs = gan.fit(images, np.ones((4, len(recipe.attributes)), np.float32), batch_size=4, verbose=0).history
    if not np.isfinite(logs["g_loss"] + logs["d_loss"]).all():
        raise Failure(f"a training step gave {logs}: {REINSTALL}.")
    return "one training step"


def check_sampling():
    gan, pictures = _shipped_samples()
    if min(picture.std() for picture in pictures) < 10:  # of 255; faces have about 60
        raise Failure(f"the shipped generator draws blank pictures: {REINSTALL}.")
    height, width = gan.size
    return f"the shipped generator draws faces of {width}x{height} pixels: {len(pictures)} drawn"


def check_attribute_network():
    _, pictures = _shipped_samples()
    men, others = _read("Male", pictures).reshape(2, -1).mean(axis=1)
    if not men - others > 0.5:
        raise Failure(f"the attribute network reads Male as {men:.2f} off men, {others:.2f} off others: {REINSTALL}.")
    return f"the attribute network tells men from others: it reads Male as {men:.2f} and {others:.2f}"


def check_refinement():
    gan, pictures = _shipped_samples()
    face = pictures[:1]
    refined = gan.refine(face, {"Smiling": 1})[-1]
    before, after = _read("Smiling", face)[0], _read("Smiling", refined)[0]
    if not after > before:
        raise Failure(f"a face was to smile: Smiling was {before:.2f}, and is {after:.2f} once refined; {REINSTALL}.")
    return f"one face was refined to smile: Smiling was {before:.2f}, and is {after:.2f}"


@functools.cache
def _shipped_samples():
    """The shipped GAN, and eight of its faces, uint8 (8, H, W, 3): four men, then four others; none smiles."""
    import numpy as np

    from facegen_keras.training.pretrained import load_pretrained

    gan = load_pretrained()
    return gan, np.concatenate([gan.sample(4, {"Male": value, "Smiling": 0}, seed=0) for value in (1, 0)])


def _read(name, pictures):
    """The attribute network's probabilities for one attribute, float32 (n,)."""
    from facegen_keras.data.attributes import ATTRIBUTES
    from facegen_keras.networks.attribute_network import estimate_attributes

    return estimate_attributes(pictures)[:, ATTRIBUTES.index(name)]


CHECKS = (
    check_python,
    check_packages,
    check_backend,
    check_devices,
    check_dtype_policy,
    check_memory,
    check_cache,
    check_data,
    check_training,
    check_sampling,
    check_attribute_network,
    check_refinement,
)


def main():
    """Run every check and print a line for each; returns 0 when all passed, 1 otherwise."""
    print("Checking this environment: half a minute, and a minute more if the sample faces must be drawn", flush=True)
    with contextlib.suppress(Exception):  # a TensorFlow that cannot be imported is a finding of the checks
        quiet()
    status = 0
    with _printed_logs():
        for check in CHECKS:
            try:
                print(f"ok    {check()}", flush=True)
            except Failure as failure:
                print(f"FAIL  {failure}", flush=True)
                status = 1
            except Exception as error:  # a check that cannot run is a finding too, most often a missing package
                found = f"{check.__name__} cannot run ({type(error).__name__}: {error})"
                print(f"FAIL  {found}: mend what failed above, or {REINSTALL}.", flush=True)
                status = 1
    return status


@contextlib.contextmanager
def _printed_logs():
    """Print what the package logs, such as that it draws the sample faces, which takes a minute."""
    logger, handler = logging.getLogger("facegen_keras"), logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("      %(message)s"))
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False  # the command line prints logs, too
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates


if __name__ == "__main__":
    sys.exit(main())
