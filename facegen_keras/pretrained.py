"""The conditional generator that is shipped with the package, so that there is something to play with at once."""

import json
from pathlib import Path

import numpy as np

from facegen_keras.recipes import RECIPES

INT8 = 127
SHIPPED = Path(__file__).parent / "data" / "pretrained.npz"


def load_pretrained(path=None):
    """Load the shipped GAN: `modern`, trained on 10,000 faces of CelebA; its card is `data/pretrained.md`.

    Args:
        path: another file of packed weights, as `pack_run` and `compare` write them.

    Returns:
        A compiled `FaceGAN`; it samples, refines, and can be trained further.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds weights of another recipe than it says.
    """
    return unpack(path or SHIPPED)


def pack(gan, options, path):
    """Write a GAN's weights into a file a quarter the size of Keras': in eight bits, without optimisers.

    A matrix or kernel is stored as int8 with one scale for each place of its last axis; biases and the like as float16.

    Args:
        gan: a `FaceGAN` of a recipe.
        options: what `Recipe.build` was given beside the seed, as JSON can hold it.
        path: the `.npz` file to write.
    """
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
    np.savez_compressed(path, **packed)


def unpack(path):
    """Load what `pack` wrote; ValueError if the weights are of another recipe."""
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
                    f"{path} holds weights of another {described['recipe']} than this version has ({error}): train and "
                    "pack it again."
                ) from error
    if gan.averaging:
        gan.averaged_generator.set_weights(gan.generator.get_weights())
    return gan
