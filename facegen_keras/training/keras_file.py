"""Checks of `.keras` files, which may come from anywhere, before Keras opens them.

What a file can do depends on the version of Keras. Some import any module that it names and call what they find there
(CVE-2025-1550), some unpickle arrays, read files that it links to, or take all memory. Here only what `gan.save` writes
passes, with the layers of Keras and the classes that were registered in this process.
"""

import io
import json
import math
import zipfile

import h5py
import keras
import tensorflow as tf

MEMBERS = ["config.json", "metadata.json", "model.weights.h5"]
LONGEST = 2_000_000  # bytes of a configuration
EXPANSION = 10  # how many times its own size a file may unpack to
MODELS = ("generator", "discriminator", "augmentation")

KERAS = "DTypePolicy Sequential Model Functional".split()  # of the module `keras` itself
MODULES = [
    f"keras.{name}"
    for name in ("layers", "initializers", "regularizers", "constraints", "activations", "models")
    + ("optimizers", "optimizers.schedules")
]
PRIVATE_MODULES = ("keras.src.models.", "keras.src.ops.")
VALUES = ["__keras_tensor__", "__tensor__", "__numpy__", "__tuple__", "__slice__", "__ellipsis__"]
# Layers that run code of the file's own, or open other files.
UNSAFE = "Lambda TFSMLayer TorchModuleWrapper JaxLayer FlaxLayer StringLookup IntegerLookup TextVectorization".split()


def check_keras_file(path):
    """Check a file that Keras is to load a GAN from.

    Args:
        path: a zip file.

    Raises:
        ValueError: it holds what `gan.save` does not write, names a class that is neither a plain layer of Keras nor
            registered, or asks for more memory than it holds weights for.
        Exception: it is damaged; zipfile, json and h5py raise about anything.
    """
    with zipfile.ZipFile(path) as archive:
        found = sorted(archive.namelist())
        if found != MEMBERS:
            raise ValueError(f"it holds {', '.join(found)[:200]}: expected {', '.join(MEMBERS)}")
        unpacked, longest = sum(member.file_size for member in archive.infolist()), path.stat().st_size * EXPANSION
        if unpacked > longest or archive.getinfo("config.json").file_size > LONGEST:
            raise ValueError(f"it would unpack to {unpacked:,} bytes, far more than a saved GAN of its size")
        config = json.loads(archive.read("config.json"))
        weights = archive.read("model.weights.h5")
    _check_classes(config)
    with h5py.File(io.BytesIO(weights)) as store:
        _check_weights(store, longest)
    needed = 4 * _count_weights(config["config"])
    if needed > len(weights):
        raise ValueError(f"its networks have {needed:,} bytes of weights, more than the file holds")


def _check_classes(value):
    """ValueError if a class or function that a configuration names at any depth may not be loaded."""
    if isinstance(value, list):
        for below in value:
            _check_classes(below)
    elif isinstance(value, dict):
        if "class_name" in value and not _is_allowed(value):
            named = ".".join(str(value.get(key)) for key in ("module", "class_name"))[:80]
            raise ValueError(
                f"it names {named}: only plain layers of Keras and classes that are registered (see "
                "keras.saving.register_keras_serializable) are loaded"
            )
        for below in value.values():
            _check_classes(below)


def _is_allowed(value):
    module, name, registered = (value.get(key) for key in ("module", "class_name", "registered_name"))
    if name == "function":
        name = value.get("config")
        return isinstance(name, str) and (_is_registered(name) or hasattr(keras.activations, name))
    if _is_registered(registered):
        return True
    if not isinstance(name, str) or name in UNSAFE:
        return False
    if module is None:
        return name in VALUES
    if module == "keras":
        return name in KERAS
    is_public = module in MODULES or isinstance(module, str) and module.startswith(PRIVATE_MODULES)
    return is_public and name.isidentifier()


def _is_registered(name):
    return isinstance(name, str) and keras.saving.get_registered_object(name) is not None


def _check_weights(store, longest):
    """ValueError if an HDF5 file links to others, or would take more memory than `longest` bytes."""
    size = 0

    def check_link(name, link):
        nonlocal size
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{name} in its weights is a link")
        item = store[name]
        if isinstance(item, h5py.Dataset):
            size += item.nbytes
            if item.external or item.is_virtual:
                raise ValueError(f"{name} in its weights is kept in another file")

    store.visititems_links(check_link)
    if size > longest:
        raise ValueError(f"its weights would take {size:,} bytes, far more than a saved GAN of its size")


def _count_weights(config):
    """How many numbers the networks of a configuration hold."""
    with tf.Graph().as_default():  # there, variables have shapes and take no memory
        models = [keras.saving.deserialize_keras_object(config[name]) for name in MODELS if config.get(name)]
        return sum(math.prod(weight.shape) for model in models for weight in model.weights)
