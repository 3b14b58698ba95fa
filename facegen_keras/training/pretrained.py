"""The generators that are shipped with the package, and the small files that such weights are kept in."""

import json
from pathlib import Path

import numpy as np
import tensorflow as tf

from facegen_keras.checks import check_seed
from facegen_keras.data.label_statistics import LabelStatistics
from facegen_keras.files import write_atomically
from facegen_keras.gan.ema import HalfLife
from facegen_keras.gan.state import check_finite
from facegen_keras.networks.weight_file import compress, compressed_headers, open_weights
from facegen_keras.training.recipes import RECIPES

NETWORKS = ("generator", "discriminator")
LONGEST = 4_000_000  # bytes of a file's description
LARGEST = 1024  # pixels of a side that a file may ask for
ASSETS = Path(__file__).parents[1] / "assets"
SHIPPED = {"modern": ASSETS / "pretrained.npz", "editor": ASSETS / "editor.npz"}
# What `Recipe.build` is given, as a GAN knows it, too; the last three are an `InteractiveGAN`'s or an `EditorGAN`'s.
PACKED_FIELDS = ("seed", "attributes", "crop", "value_range", "ema_decay", "passes", "reconstruction", "guidance")


def load_pretrained(weights="modern"):
    """Load a shipped GAN, trained on faces of CelebA; or another one from its file.

    Args:
        weights: "modern", which draws faces of attributes (its card is `assets/pretrained.md`); "editor", which changes
            attributes of a photograph (`assets/editor.md`); or a file of packed weights, as `pack_run` and `compare`
            write them.

    Returns:
        A compiled `FaceGAN`; it samples, refines, and can be trained further.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: see `unpack`.
    """
    return unpack(SHIPPED.get(weights, weights))


def start_from(gan, weights):
    """Give a new GAN the weights of another one of its recipe, to be trained further.

    Args:
        gan: a `FaceGAN` of a recipe.
        weights: as for `load_pretrained`. The moving average of a generator goes on from where it was packed.

    Raises:
        FileNotFoundError, ValueError: as `load_pretrained`; or they are of another recipe, size or attributes.
    """
    packed = load_pretrained(weights)
    if found := [name for name in ("recipe", "size", "attributes") if getattr(packed, name) != getattr(gan, name)]:
        has, wants = (", ".join(f"{name} {getattr(of, name)}" for name in found) for of in (packed, gan))
        raise ValueError(f"weights={str(weights)!r} are of {has}, and the run is of {wants}: give it the same.")
    for name in NETWORKS:
        getattr(gan, name).set_weights(getattr(packed, name).get_weights())
    if gan.ema_decay:
        gan.ema_generator.set_weights(packed.generator.get_weights())


def pack(gan, path):
    """Write a GAN's weights into a file a quarter the size of Keras': in eight bits, without optimisers.

    `compress` says how.

    Args:
        gan: a `FaceGAN` of a recipe, with the recipe's own networks.
        path: the `.npz` file to write.

    Raises:
        ValueError: the recipe does not build such a GAN, so that nothing could load the file; or a weight is NaN.
    """
    options = {"image_size": gan.size} | {name: getattr(gan, name) for name in PACKED_FIELDS if hasattr(gan, name)}
    if isinstance(gan.ema_decay, HalfLife):
        del options["ema_decay"]  # the file keeps numbers; the recipe's own decay takes its place
    _check_packable(gan, options)
    check_finite(gan)
    described = {"recipe": gan.recipe, "options": options}
    if gan.label_statistics:
        described["label_statistics"] = gan.label_statistics.get_config()
    packed = {"described": json.dumps(described)}
    for name, network in zip(NETWORKS, (gan.sampling_generator, gan.discriminator)):
        for key, variable in _keyed_weights(name, network):
            packed |= compress(key, variable.numpy())
    with write_atomically(path) as file:
        np.savez_compressed(file, **packed)


def _check_packable(gan, options):
    if gan.recipe not in RECIPES:
        raise ValueError(f"recipe={gan.recipe!r}: only a GAN of {', '.join(RECIPES)} can be packed; use gan.save.")
    built = RECIPES[gan.recipe].build(**options)
    for name in NETWORKS:
        shapes, expected = ([weight.shape for weight in getattr(of, name).weights] for of in (gan, built))
        if shapes != expected:
            raise ValueError(
                f"The {name} is not the one that {gan.recipe!r} builds: it cannot be packed; use gan.save."
            )
    if gan.latent != built.latent:
        raise ValueError(f"{gan.latent} is not the latent of {gan.recipe!r}: it cannot be packed; use gan.save.")


def unpack(path):
    """Load what `pack` wrote, as a GAN that computes in float32: it draws the same faces on every machine.

    A file may come from anywhere. What it says of itself, and the size of each array, are checked before the array is
    read, so that no file takes more memory than the GAN that it describes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, holds no packed weights, or those of another recipe; the message names the file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: expected a file of packed weights, as `pack_run` writes it.")
    try:
        return _unpack(path)
    except Exception as error:  # a damaged file raises about anything: BadZipFile, zlib.error, EOFError, TypeError
        raise ValueError(
            f"{path} cannot be read as packed weights ({type(error).__name__}: {str(error)[:300]}): download or pack "
            "it again; for `.keras`, see load_gan."
        ) from error


def _unpack(path):
    with open_weights(path) as file:
        shape, dtype = file.headers.pop("described", (None, np.dtype("V0")))
        if shape != () or dtype.kind != "U" or dtype.itemsize > LONGEST:
            raise ValueError("it does not say which recipe it is of")
        described = json.loads(str(file.read("described")))
        statistics = described.pop("label_statistics", None) if isinstance(described, dict) else None
        recipe, seed = _recipe_of(described)
        if statistics is not None:
            statistics = LabelStatistics.from_config(recipe.attributes, statistics)
        with tf.Graph().as_default():  # there, variables have shapes and take no memory
            file.check(_headers_of(recipe.build(ema_decay=0.0)))
        gan = recipe.build(seed=seed)
        gan.label_statistics = statistics
        for name in NETWORKS:
            network = getattr(gan, name)
            network.set_weights([file.read_compressed(key) for key, _ in _keyed_weights(name, network)])
    if gan.ema_decay:
        gan.ema_generator.set_weights(gan.generator.get_weights())
    return gan


def _headers_of(gan):
    """The headers in a file of such a GAN (see `WeightFile`), beside its description."""
    headers = {}
    for name in NETWORKS:
        for key, weight in _keyed_weights(name, getattr(gan, name)):
            headers |= compressed_headers(key, weight.shape)
    return headers


def _keyed_weights(name, network):
    """The weights of a network, each with its name in the file."""
    return [(f"{name}_{i:03d}", weight) for i, weight in enumerate(network.weights)]


def _recipe_of(described):
    """The recipe that a file describes, with its options, and the seed."""
    if not isinstance(described, dict) or set(described) != {"recipe", "options"}:
        raise ValueError(f"it is described as {str(described)[:80]!r}: expected a recipe and its options")
    name, options = described["recipe"], described["options"]
    if name not in RECIPES:
        raise ValueError(f"recipe {name!r}: expected one of {', '.join(RECIPES)}")
    if unknown := set(options) - {"image_size", *PACKED_FIELDS}:
        raise ValueError(f"options {sorted(unknown)}: expected some of image_size, {', '.join(PACKED_FIELDS)}")
    seed = check_seed(options.pop("seed", 0))
    recipe = RECIPES[name].override(dtype_policy="float32", **options)
    if max(recipe.size) > LARGEST:
        raise ValueError(f"image_size={recipe.image_size}: expected {LARGEST} pixels at most")
    return recipe, seed
