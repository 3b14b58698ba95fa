"""From pictures back to latents, so that every generator can refine a face (GAN inversion, Zhu et al. 2016)."""

import os
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from facegen_keras.checks import check_whole
from facegen_keras.data.images import to_size
from facegen_keras.data.photos import load_photo
from facegen_keras.gan.conditions import change_attributes, read_attributes, require_attributes
from facegen_keras.progress import tell_time_left

CANDIDATES = 256  # random latents that the search may start from
ONE_PICTURE = (str, bytes, bytearray, memoryview, os.PathLike, Image.Image)
COARSE = 4  # pictures are compared at their own size, and at a quarter of it


class Inversion(NamedTuple):
    """What `invert` found: one row for each picture."""

    latents: np.ndarray  # float32 (n, *latent.shape)
    attributes: np.ndarray  # float32 (n, k): those the latents were searched with
    pictures: np.ndarray  # uint8 (n, H, W, 3): what the generator draws of them
    error: np.ndarray  # float32 (n,): root mean square difference from the picture, 0 to 1


def refine(gan, pictures, attributes, passes=1, seed=0, verbose=0):
    """Change what pictures of faces show, and keep the rest.

    Generators that are fed pictures (dcgan4, dcgan5) draw each pass from the pass before. For the others, `invert`
    finds the latents that redraw the pictures, and they are drawn again with other attributes; each further pass
    continues the search, so that it comes nearer to the pictures.

    Args:
        gan: a conditional `FaceGAN`.
        pictures: see `open_pictures`.
        attributes: dict of name to strength in [0, 1] of what should change; all else stays as it is read off
            the pictures (`estimate_attributes`). Or an array (k,) or (n, k) of all attributes.
        passes: how many passes, at least 1.
        seed: of the latents where the search starts.
        verbose: 1 for a progress bar of the search.

    Returns:
        uint8 array (passes, n, H, W, 3): the pictures after each pass, in the generator's size.

    Raises:
        ValueError: see `sample_attributes` and `open_pictures`; or no attributes, or no pass.
    """
    passes = check_whole("passes", passes, 1)
    require_attributes(gan)
    if attributes is None or len(attributes) == 0:
        raise ValueError(f"No attributes to refine by: name some of {', '.join(gan.attributes)}.")
    pictures = open_pictures(gan, pictures)
    source = read_attributes(gan, pictures)
    if isinstance(attributes, dict):
        target = change_attributes(gan, source, attributes)
    else:
        target = gan.sample_attributes(len(pictures), attributes)
    if gan.takes_pictures:
        images = gan.generate_passes(gan.to_images(pictures), target, passes)
        return np.stack([gan.to_pictures(drawn) for drawn in images])
    refined, latents = [], None
    for _ in range(passes):
        latents = invert(gan, pictures, source, latents=latents, seed=seed, verbose=verbose).latents
        refined.append(gan.sample(attributes=target, latents=latents))
    return np.stack(refined)


def open_pictures(gan, sources):
    """Pictures in the size and framing of a GAN's faces: uint8 (n, H, W, 3).

    Args:
        gan: a `FaceGAN`.
        sources: uint8 array (n, H, W, 3) of faces framed as `load_faces` frames them; or one photograph, whatever
            `load_photo` opens, which it frames itself; or a list of photographs and arrays (H, W, 3).

    Raises:
        ValueError, FileNotFoundError: see `load_photo` and `to_size`.
    """
    if isinstance(sources, np.ndarray):
        return to_size(sources, gan.size)
    is_one = isinstance(sources, ONE_PICTURE) or hasattr(sources, "read")
    return np.concatenate([_open_picture(gan, source) for source in ([sources] if is_one else sources)])


def _open_picture(gan, source):
    if isinstance(source, np.ndarray):
        return to_size(source[None], gan.size)
    return load_photo(source, gan.size, gan.crop)[0][None]


def invert(gan, pictures, attributes=None, steps=200, learning_rate=0.05, latents=None, seed=0, verbose=0):
    """Find the latents from which a generator redraws pictures.

    They are searched by gradient descent through the generator, all pictures at once. A generator that is fed pictures
    needs no search: its latents are the pictures.

    Args:
        gan: a `FaceGAN`.
        pictures: see `open_pictures`.
        attributes: of the pictures, (k,) or (n, k); by default as they are read off them.
        steps: how many steps of Adam, at least 1.
        learning_rate: of Adam.
        latents: where to start; by default the best of 256 random ones for each picture.
        seed: of those.
        verbose: 1 for a progress bar; 0 logs how long a long search still takes.

    Returns:
        An `Inversion`.

    Raises:
        ValueError: see `open_pictures`; or `steps` is under 1, or the latents have another shape.
    """
    steps = check_whole("steps", steps, 1)
    pictures = open_pictures(gan, pictures)
    if attributes is None and gan.attributes:
        attributes = read_attributes(gan, pictures)
    attributes = gan.sample_attributes(len(pictures), attributes if gan.attributes else None)
    if gan.takes_pictures:
        latents = gan.to_images(pictures)
    else:
        latents = _search(gan, gan.to_images(pictures), attributes, steps, learning_rate, latents, seed, verbose)
    redrawn = gan.sample(attributes=attributes if gan.attributes else None, latents=latents)
    return Inversion(latents, attributes, redrawn, root_mean_square(redrawn, pictures))


def _search(gan, images, attributes, steps, learning_rate, latents, seed, verbose):
    targets, count = tf.constant(images), len(images)
    start = _nearest_latents(gan, targets, attributes, seed) if latents is None else _checked(gan, latents, count)
    z = tf.Variable(start)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps))
    optimizer.build([z])
    bounds = {"uniform": (-1.0, 1.0), "unit": (0.0, 1.0)}.get(gan.latent.distribution)

    @tf.function(reduce_retracing=True)
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(_difference(gan.generate(z, attributes), targets))
            if bounds is None:  # stay where the generator was trained: latents about as long as random ones
                loss += 1e-3 * count * tf.reduce_mean(z**2)
        optimizer.apply([tape.gradient(loss, z)], [z])
        if bounds is not None:
            z.assign(tf.clip_by_value(z, *bounds))
        return loss / count

    bar = keras.utils.Progbar(steps, verbose=verbose)
    for i in range(steps) if verbose else tell_time_left(range(steps), f"Search of {count} latents"):
        bar.update(i + 1, [("difference", float(step().numpy()))])
    return z.numpy()


def _checked(gan, latents, count):
    latents = np.asarray(latents, np.float32)
    if latents.shape != (count, *gan.latent.shape):
        raise ValueError(f"latents has shape {latents.shape}: expected {(count, *gan.latent.shape)}, one a picture.")
    return latents


def _nearest_latents(gan, targets, attributes, seed):
    """For each target the one of random latents that draws the nearest picture."""
    latents = gan.sample_latents(CANDIDATES, seed)
    nearest = np.zeros(len(targets), int)
    for vector in np.unique(attributes, axis=0):
        drawn = gan.predict_images(latents, np.broadcast_to(vector, (CANDIDATES, len(vector))))
        for i in np.flatnonzero((attributes == vector).all(axis=1)):
            nearest[i] = _difference(drawn, targets[i][None]).numpy().argmin()
    return latents[nearest]


def _difference(drawn, targets):
    """Mean square difference (n,) of images (n, H, W, 3), as they are and coarse."""
    coarse = [tf.nn.avg_pool2d(images, COARSE, COARSE, "VALID") for images in (drawn, targets)]
    return sum(tf.reduce_mean((a - b) ** 2, axis=(1, 2, 3)) for a, b in ((drawn, targets), coarse))


def root_mean_square(pictures, others):
    """How far pictures uint8 (n, H, W, 3) are from others: float32 (n,), 0 to 1."""
    difference = (np.asarray(pictures, np.float32) - np.asarray(others, np.float32)) / 255
    return np.sqrt(np.mean(difference**2, axis=(1, 2, 3)))
