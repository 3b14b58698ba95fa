"""The pictures that metrics compare: samples of a generator, real faces, and faces that it was not trained on."""

import numpy as np
import pandas as pd

from facegen_keras.data.labels import partition_of
from facegen_keras.data.layouts import find_data, find_layout
from facegen_keras.data.selection import open_faces
from facegen_keras.gan.latents import FACES, check_truncation
from facegen_keras.memory import check_memory


def draw_samples(gan, attributes, *, data=None, images=None, seed=0, reject=0.0):
    """Draw the samples that are measured.

    A generator whose latents are faces (dcgan5) starts from `gan.start_faces` or, if these are not set, from faces of
    its data set that it was not trained on (`unseen_faces`). Each is used once, or equally often if there are too few.

    Args:
        gan: a `FaceGAN`.
        attributes: array (count, k), what the samples should show; k is 0 for a generator without attributes.
        data, images: as for `unseen_faces`, with the GAN's own seed.
        seed: of the latents, or of the order of the faces to start from.
        reject: as for `FaceGAN.sample`.

    Returns:
        uint8 array (count, H, W, 3), and a dict that says from what the generator started, how its latents were
        truncated, and what share was rejected; {} if from random numbers as they were drawn, and none.

    Raises:
        ValueError: the generator starts from faces, and there are none that it was not trained on, or it is to truncate
            them; or see `FaceGAN.sample`.
    """
    count, attributes = len(attributes), attributes if gan.attributes else None
    check_truncation(gan)
    if gan.latent.distribution != FACES:
        how = {"rejected": f"the {reject:.0%} of the faces that D found the least real"} if reject else {}
        how |= {"truncation": gan.truncation} if gan.truncation != 1 else {}
        return gan.sample(count, attributes, seed, reject=reject), how
    faces, origin = gan.start_faces, "given faces (start_faces)"
    if faces is None:
        faces, origin = unseen_faces(gan, count, data, images, gan.seed), "faces that it was not trained on"
    order = np.random.default_rng(seed).permutation(len(faces))
    latents = gan.to_images(faces[np.resize(order, count)])
    samples = gan.sample(attributes=attributes, latents=latents, reject=reject)
    repeated = "" if len(faces) >= count else f", repeated to make {count:,}"
    return samples, {"started from": f"{min(count, len(faces)):,} {origin}{repeated}"}


def unseen_faces(gan, count, data=None, images=None, seed=0):
    """Load faces that a generator was not trained on: of the valid and test splits, or else outside of `images`.

    Args:
        gan: a `FaceGAN` that was trained on the train split, or the `Recipe` of one.
        count: how many (all where there are fewer).
        data, images, seed: as for the `load_faces` that it was trained with; `seed` also says which faces are taken.

    Returns:
        uint8 array (n, H, W, 3), n at most `count`, in the size and with the crop of the generator's faces.

    Raises:
        ValueError: it was trained on all the faces that there are.
    """
    folder = find_layout(find_data(data))
    splits = set()
    if folder.partition_file is not None:
        splits = set(partition_of(folder, "all").reindex(folder.names)) & {"valid", "test"}
    if splits:
        sets = [open_faces(gan.size, None, data, split, gan.crop) for split in sorted(splits)]
    elif images is not None:
        sets = [open_faces(gan.size, None, data, "train", gan.crop, held_out_from=images, seed=seed)]
    else:
        raise ValueError(
            f"{folder}: there are no faces that the generator was not trained on, as there is no valid or test split. "
            "Train on fewer (images=0.9) and pass the same images= here, or set gan.start_faces to other faces."
        )
    rows = np.concatenate([faces.rows for faces in sets])
    chosen = np.random.default_rng(seed).choice(rows, min(count, len(rows)), replace=False)
    return sets[0].pictures[chosen]  # all splits are rows of one array


def load_real(gan, count, size, *, data=None, split="train", seed=0):
    """Load real faces to compare samples with, cropped as the generator's training faces were.

    The choice does not depend on which pictures (`images`) the generator was trained on.

    Args:
        gan: a `FaceGAN`.
        count: how many (all where there are fewer).
        size: (height, width).
        data, split: as for `load_faces`.
        seed: of the choice.

    Returns:
        uint8 array (n, height, width, 3) in random order, and a DataFrame (n, k) of the generator's attributes.
    """
    faces = open_faces(size, gan.attributes or None, data, split, gan.crop)
    rows = np.random.default_rng(seed).choice(faces.rows, min(count, len(faces.rows)), replace=False)
    mend = "take fewer, or a smaller size"
    check_memory(f"{len(rows):,} real faces of {size[0]}x{size[1]}", len(rows) * 3 * size[0] * size[1], mend)
    labels = pd.DataFrame(faces.attributes[rows], index=faces.names[rows], columns=list(faces.attribute_names))
    return faces.pictures[rows], labels
