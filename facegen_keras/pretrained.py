"""The conditional generator that is shipped with the package, so that there is something to play with at once."""

import json
from pathlib import Path

import numpy as np

from facegen_keras.recipes import RECIPES

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
    """Write a GAN's weights into a file half the size of Keras': float16, without optimisers.

    Args:
        gan: a `FaceGAN` of a recipe.
        options: what `Recipe.build` was given beside the seed, as JSON can hold it.
        path: the `.npz` file to write.
    """
    described = json.dumps({"recipe": gan.recipe, "options": options})
    models = {"generator": gan.sampling_generator, "discriminator": gan.discriminator}
    weights = {
        f"{name}_{i:03d}": weight.astype(np.float16)
        for name, model in models.items()
        for i, weight in enumerate(model.get_weights())
    }
    np.savez_compressed(path, described=described, **weights)


def unpack(path):
    """Load what `pack` wrote; ValueError if the weights are of another recipe."""
    with np.load(path) as file:
        described = json.loads(str(file["described"]))
        gan = RECIPES[described["recipe"]].build(**described["options"])
        for name in ("generator", "discriminator"):
            weights = [file[key].astype(np.float32) for key in sorted(file) if key.startswith(name)]
            try:
                getattr(gan, name).set_weights(weights)
            except ValueError as error:
                raise ValueError(f"{path} holds weights of another {described['recipe']} ({error}).") from error
    if gan.averaging:
        gan.averaged_generator.set_weights(gan.generator.get_weights())
    return gan
