"""From pictures back to latents, so that every generator can refine a face (GAN inversion, Zhu et al. 2016)."""

import logging
import os
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from facegen_keras.checks import check_whole
from facegen_keras.data.images import to_size
from facegen_keras.data.photos import load_photo
from facegen_keras.gan.conditions import change_attributes, read_attributes, require_attributes
from facegen_keras.gan.differences import pixel_difference, root_mean_square
from facegen_keras.gan.tuning import tune_generator
from facegen_keras.progress import tell_time_left

logger = logging.getLogger(__name__)

CANDIDATES = 256  # random latents that the search may start from
ONE_PICTURE = (str, bytes, bytearray, memoryview, os.PathLike, Image.Image)


class Inversion(NamedTuple):
    """What `invert` found: one row for each picture."""

    latents: np.ndarray  # float32 (n, *latent.shape)
    attributes: np.ndarray  # float32 (n, k): those the latents were searched with
    pictures: np.ndarray  # uint8 (n, H, W, 3): what the generator draws of them
    error: np.ndarray  # float32 (n,): root mean square difference from the picture, 0 to 1
    gan: Any  # the `FaceGAN` that draws them: the one that was given, or the copy that was tuned to them


def refine(gan, pictures, attributes, passes=1, seed=0, verbose=0, tune=0, keep_detail=False):
    """Change what pictures of faces show, and keep the rest.

    Generators that are fed pictures (dcgan4, dcgan5, editor) draw each pass from the pass before. For the others,
    `invert` finds the latents that redraw the pictures, and they are drawn again with other attributes; each further
    pass continues the search, so that it comes nearer to the pictures.

    Args:
        gan: a conditional `FaceGAN`.
        pictures: see `open_pictures`.
        attributes: dict of name to strength in [0, 1] of what should change; all else stays as it is read off
            the pictures (`estimate_attributes`). Or an array (k,) or (n, k) of all attributes.
        passes: how many passes, at least 1.
        seed: of the latents where the search starts.
        verbose: 1 for a progress bar of the search.
        tune: as for `invert`, in each pass.
        keep_detail: whether the pictures themselves are changed, by the difference that other attributes make to what
            the generator draws. What it cannot draw stays; so may the old beneath the new.

    Returns:
        uint8 array (passes, n, H, W, 3): the pictures after each pass, in the generator's size.

    Raises:
        ValueError: see `sample_attributes`, `open_pictures` and `invert`; or no attributes, or no pass.
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
        _check_tune(gan, tune)
        images = gan.to_images(pictures)
        refined = gan.to_pictures(gan.generate_passes(images, target, passes))
        redrawn = gan.to_pictures(gan.generate_passes(images, source, passes)) if keep_detail else None
    else:
        found, redrawn, refined = None, [], []
        for _ in range(passes):
            found = invert(
                gan, pictures, source, latents=found and found.latents, seed=seed, verbose=verbose, tune=tune
            )
            redrawn.append(found.pictures)
            refined.append(found.gan.sample(attributes=target, latents=found.latents))
    return add_difference(pictures, redrawn, refined) if keep_detail else np.stack(refined)


def add_difference(pictures, before, after):
    """Pictures uint8 (n, H, W, 3), changed by `after` minus `before`, uint8 (..., n, H, W, 3): uint8 of that shape."""
    difference = np.asarray(after, np.int16) - np.asarray(before, np.int16)
    return np.clip(pictures + difference, 0, 255).astype(np.uint8)


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


def invert(gan, pictures, attributes=None, steps=200, learning_rate=0.05, latents=None, seed=0, verbose=0, tune=0):
    """Find the latents from which a generator redraws pictures.

    They are searched by gradient descent through the generator, all pictures at once. A generator that is fed pictures
    needs no search: its latents are the pictures.

    The search ends at the nearest picture that the generator can draw. To come nearer, `tune` changes a copy of the
    generator, too, which then draws these latents with any attributes (see `tune_generator`). All pictures of a call
    share one copy, so tune to one picture at a time where each should be kept best.

    Args:
        gan: a `FaceGAN`.
        pictures: see `open_pictures`.
        attributes: of the pictures, (k,) or (n, k); by default as they are read off them.
        steps: how many steps of Adam, at least 1.
        learning_rate: of Adam.
        latents: where to start; by default the best of 256 random ones for each picture.
        seed: of those.
        verbose: 1 for a progress bar; 0 logs how long a long search still takes.
        tune: how many steps of Adam the copy is tuned by, after the search, such as 100; 0 for no copy.

    Returns:
        An `Inversion`; its `gan` draws the latents. Its `error` is that after tuning; the log has the one before, too.

    Raises:
        ValueError: see `open_pictures`; or `steps` is under 1 or `tune` under 0, the latents have another shape, or a
            generator that is fed pictures was to be tuned.
    """
    steps = check_whole("steps", steps, 1)
    _check_tune(gan, tune)
    pictures = open_pictures(gan, pictures)
    if attributes is None and gan.attributes:
        attributes = read_attributes(gan, pictures)
    attributes = gan.sample_attributes(len(pictures), attributes if gan.attributes else None)
    if gan.takes_pictures:
        latents = gan.to_images(pictures)
    else:
        latents = _search(gan, gan.to_images(pictures), attributes, steps, learning_rate, latents, seed, verbose)
    found = _found(gan, pictures, latents, attributes)
    if not tune:
        return found
    tuned = tune_generator(gan, gan.to_images(pictures), latents, attributes, tune, seed, verbose)
    found, before = _found(tuned, pictures, latents, attributes), found
    errors = (f"{100 * of.error.mean():.1f} %" for of in (before, found))
    logger.info("Tuning of the generator to %d pictures: root mean square error %s, then %s", len(pictures), *errors)
    return found


def _check_tune(gan, tune):
    if check_whole("tune", tune, 0) and gan.takes_pictures:
        raise ValueError(
            f"tune={tune}: the {gan.recipe!r} generator is fed the pictures themselves, and has no latents to tune it "
            "to: leave out tune."
        )


def _found(gan, pictures, latents, attributes):
    redrawn = gan.sample(attributes=attributes if gan.attributes else None, latents=latents)
    return Inversion(latents, attributes, redrawn, root_mean_square(redrawn, pictures), gan)


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
            loss = tf.reduce_sum(pixel_difference(gan.generate(z, attributes), targets))
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
    latents = gan.latent.sample(CANDIDATES, [seed, 0]).numpy()  # whatever the truncation
    nearest = np.zeros(len(targets), int)
    for vector in np.unique(attributes, axis=0):
        drawn = gan.predict_images(latents, np.broadcast_to(vector, (CANDIDATES, len(vector))))
        for i in np.flatnonzero((attributes == vector).all(axis=1)):
            nearest[i] = pixel_difference(drawn, targets[i][None]).numpy().argmin()
    return latents[nearest]
