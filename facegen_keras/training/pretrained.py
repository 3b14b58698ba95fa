"""The conditional generator that is shipped with the package, and the small files that such weights are kept in."""

import json
from pathlib import Path

import numpy as np

from facegen_keras.files import write_atomically
from facegen_keras.training.recipes import RECIPES

INT8 = 127
SHIPPED = Path(__file__).parents[1] / "assets" / "pretrained.npz"
PACKED_FIELDS = ("attributes", "crop", "value_range", "ema_decay")  # of a recipe, as a GAN knows them, too


def load_pretrained(path=None):
    """Load the shipped GAN: `modern`, trained on 10,000 faces of CelebA; its card is `assets/pretrained.md`.

    Args:
        path: another file of packed weights, as `pack_run` and `compare` write them.

    Returns:
        A compiled `FaceGAN`; it samples, refines, and can be trained further.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file holds no packed weights, or those of another recipe than it says.
    """
    return unpack(path or SHIPPED)


def pack(gan, path):
    """Write a GAN's weights into a file a quarter the size of Keras': in eight bits, without optimisers.

    A matrix or kernel is stored as int8 with one scale for each index of its last axis; biases and the like as float16.

    Args:
        gan: a `FaceGAN` of a recipe, with the recipe's own networks.
        path: the `.npz` file to write.

    Raises:
        ValueError: the recipe does not build such a GAN, so that nothing could load the file.
    """
    options = {"image_size": gan.size} | {name: getattr(gan, name) for name in PACKED_FIELDS}
    _check_packable(gan, options)
    packed = {"described": json.dumps({"recipe": gan.recipe, "options": options})}
    for name, model in {"generator": gan.sampling_generator, "discriminator": gan.discriminator}.items():
        for i, weight in enumerate(model.get_weights()):
            key = f"{name}_{i:03d}"
            if weight.ndim < 2:
                packed[key] = weight.astype(np.float16)
                continue
            largest = np.abs(weight).max(axis=tuple(range(weight.ndim - 1)))
            scale = packed[f"scale_of_{key}"] = np.where(largest > 0, largest, 1) / np.float32(INT8)
            packed[key] = np.round(weight / scale).astype(np.int8)
    with write_atomically(path) as file:
        np.savez_compressed(file, **packed)


def _check_packable(gan, options):
    if gan.recipe not in RECIPES:
        raise ValueError(f"recipe={gan.recipe!r}: only a GAN of {', '.join(RECIPES)} can be packed; use gan.save.")
    built = RECIPES[gan.recipe].build(**options)
    for name in ("generator", "discriminator"):
        shapes, expected = ([weight.shape for weight in getattr(of, name).weights] for of in (gan, built))
        if shapes != expected:
            raise ValueError(
                f"The {name} is not the one that {gan.recipe!r} builds: it cannot be packed; use gan.save."
            )
    if gan.latent != built.latent:
        raise ValueError(f"{gan.latent} is not the latent of {gan.recipe!r}: it cannot be packed; use gan.save.")


def unpack(path):
    """Load what `pack` wrote; ValueError if the file holds no packed weights, or weights of another recipe."""
    with np.load(path) as file:
        if "described" not in file:
            raise ValueError(
                f"{path} holds no packed weights: expected a file of `pack_run`; for `.keras`, see load_gan."
            )
        described = json.loads(str(file["described"]))
        gan = RECIPES[described["recipe"]].build(**described["options"])
        for name in ("generator", "discriminator"):
            keys = [key for key in sorted(file) if key.startswith(name)]
            weights = [file[key] * file.get(f"scale_of_{key}", np.float32(1)) for key in keys]
            try:
                getattr(gan, name).set_weights(weights)
            except ValueError as error:
                raise ValueError(
                    f"{path} holds weights of another {described['recipe']} than this version builds ({error}): train "
                    "and pack it again."
                ) from error
    if gan.ema_decay:
        gan.ema_generator.set_weights(gan.generator.get_weights())
    return gan
