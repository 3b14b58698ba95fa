"""Rejection: more faces are drawn than are asked for, and those that D finds the least real are left out."""

import numpy as np

from facegen_keras.progress import tell_time_left


def check_reject(gan, count, reject):
    """ValueError unless a GAN can reject a share of the faces, 0 or so large that it rejects some of `count`."""
    if not 0 <= reject < 1:
        raise ValueError(f"reject={reject}: expected the share of the faces to reject, from 0 to under 1, such as 1/3.")
    if reject and not gan.compiled:
        raise ValueError(
            "reject: this GAN was loaded with compile=False, without the loss that says what D's verdict means."
        )
    if reject and candidates_for(count, reject) == count:
        raise ValueError(f"reject={reject}: of so few faces as count={count} none would be rejected. Draw more.")


def candidates_for(count, reject):
    """How many faces are drawn so that `count` are left once a share is rejected."""
    return round(count / (1 - reject))


def sample_and_reject(gan, latents, attributes, reject, seed, batch_size):
    """Draw a face for each row of attributes, the most real ones of a few more with the same attributes.

    Faces compete only with those of the same attributes, so that no attribute grows rarer. Of attributes that are asked
    for once or twice, the share that can be rejected is rounded.

    Args:
        gan: a compiled `FaceGAN`.
        latents: float32 (count, *latent.shape), the first candidates.
        attributes: float32 (count, n).
        reject: the share, see `check_reject`.
        seed: of the other candidates.
        batch_size: faces drawn, and judged, at once.

    Returns:
        uint8 array (count, H, W, 3).
    """
    groups = group_rows(attributes)
    extra = np.concatenate([np.resize(rows, candidates_for(len(rows), reject) - len(rows)) for rows in groups])
    extra = extra.astype(int)
    rows = np.concatenate([np.arange(len(latents)), extra])
    others = gan.latent.sample(len(extra), [seed, 1], gan.truncation).numpy()
    latents, asked = np.concatenate([latents, others]), attributes[rows]
    verdicts, pictures = [], []
    parts = [slice(i, i + batch_size) for i in range(0, len(latents), batch_size)]
    for part in tell_time_left(parts, f"Drawing {len(latents):,} samples, of which {len(attributes):,} are kept"):
        pictures.append(gan.to_pictures(gan.predict_images(latents[part], asked[part])))
        verdicts.append(gan.verdict(pictures[-1], asked[part] if gan.attributes else None))
    pictures, verdicts = np.concatenate(pictures), np.concatenate(verdicts)
    kept = np.empty(len(attributes), int)
    for members in groups:
        candidates = np.flatnonzero(np.isin(rows, members))
        kept[members] = np.sort(candidates[np.argsort(-verdicts[candidates], kind="stable")[: len(members)]])
    return pictures[kept]


def group_rows(attributes):
    """The rows (count, n) of each vector of attributes: a list of int arrays."""
    if not attributes.shape[1]:
        return [np.arange(len(attributes))]
    vectors, groups = np.unique(attributes, axis=0, return_inverse=True)
    return [np.flatnonzero(groups.ravel() == group) for group in range(len(vectors))]
