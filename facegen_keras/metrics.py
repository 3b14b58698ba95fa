"""How good the samples are."""

import numpy as np
from PIL import Image

from facegen_keras.sampling import attribute_sheet


def diversity(pictures):
    """How different pictures are from each other: the mean distance between two of them.

    Measured on pictures shrunk to 16x16, so that noise does not pass for variety: what counts is where light, hair
    and face are. Real CelebA faces reach about 0.3; a generator that draws one face only, 0.

    Args:
        pictures: uint8 array (count, H, W, 3), at least 2.

    Returns:
        float in [0, 1]: root mean square difference of two pictures, averaged over all pairs.
    """
    pictures = np.asarray(pictures)
    if len(pictures) < 2:
        raise ValueError(f"diversity of {len(pictures)} pictures: expected at least 2.")
    small = [np.asarray(Image.fromarray(p).resize((16, 16), Image.Resampling.BOX), np.float64) for p in pictures]
    flat = np.stack(small).reshape(len(pictures), -1) / 255
    squares = (flat**2).sum(axis=1)
    distance = (squares[:, None] + squares[None, :] - 2 * flat @ flat.T) / flat.shape[1]
    pairs = np.triu_indices(len(pictures), 1)
    return float(np.sqrt(np.maximum(distance[pairs], 0)).mean())


def attribute_response(gan, name, count=64, seed=0):
    """How far a generator's pictures move when one attribute is turned over and the latents are kept.

    Args:
        gan: a conditional `FaceGAN`.
        name: one of its attributes.
        count: latents to compare.
        seed: of the latents.

    Returns:
        float: mean absolute change, divided by the mean absolute difference of two faces of different latents;
        0 when the attribute is ignored. It says that pictures change, not that they change rightly.

    Raises:
        ValueError: the generator has no such attribute.
    """
    (base, changed), _ = attribute_sheet(gan, [name], count, seed=seed)
    base, changed = base.astype(np.float64), changed.astype(np.float64)
    return float(np.abs(changed - base).mean() / np.abs(np.roll(base, 1, axis=0) - base).mean())
