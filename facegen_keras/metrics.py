"""How good the samples are."""

import numpy as np
from PIL import Image


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
