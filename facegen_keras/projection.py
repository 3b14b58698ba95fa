"""Finding the latent that redraws a picture, so that every generator can refine (GAN inversion, Zhu et al. 2016)."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

CANDIDATES = 256  # random latents that the search may start from
COARSE = 4  # the picture is compared at its own size and shrunk so many times


class Projected(NamedTuple):
    """What a search found: one row for each picture."""

    latents: np.ndarray  # float32 (n, *latent.shape)
    pictures: np.ndarray  # uint8 (n, H, W, 3): what the generator draws of them
    error: np.ndarray  # float32 (n,): root mean square difference from the picture, 0 to 1


def project(gan, pictures, attributes=None, steps=200, learning_rate=0.05, latents=None, seed=0, verbose=0):
    """Search the latents that redraw pictures, by gradient descent through the generator, all pictures at once.

    Args:
        gan: a `FaceGAN` whose generator starts from latents.
        pictures: uint8 array (n, H, W, 3) of the generator's size.
        attributes: of the pictures, (n,) or (count, n); needed where the generator has attributes.
        steps: how many steps of Adam; the search always takes that many.
        learning_rate: of Adam.
        latents: where to start; by default the best of 256 random ones for each picture.
        seed: of those.
        verbose: 1 for a progress bar.

    Returns:
        A `Projected`: latents, what they draw, and the error of each picture.

    Raises:
        ValueError: `steps` is under 1.
    """
    if steps < 1:
        raise ValueError(f"steps={steps}: expected at least 1.")
    targets = tf.constant(gan.to_images(pictures))
    count = len(pictures)
    wanted = gan.draw_attributes(count, attributes) if gan.attributes else np.zeros((count, 0), np.float32)
    if latents is None:
        latents = _nearest_latents(gan, targets, wanted, seed)
    z = tf.Variable(latents)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps))
    optimizer.build([z])
    bounds = {"uniform": (-1.0, 1.0), "unit": (0.0, 1.0)}.get(gan.latent.distribution)

    @tf.function(reduce_retracing=True)
    def step():
        with tf.GradientTape() as tape:
            drawn = gan.generate(z, wanted)
            loss = tf.reduce_sum(_difference(drawn, targets))
            if bounds is None:  # stay where the generator was trained: latents about as long as random ones
                loss += 1e-3 * count * tf.reduce_mean(z**2)
        optimizer.apply([tape.gradient(loss, z)], [z])
        if bounds is not None:
            z.assign(tf.clip_by_value(z, *bounds))
        return loss / count

    bar = keras.utils.Progbar(steps, verbose=verbose)
    for i in range(steps):
        bar.update(i + 1, [("difference", float(step().numpy()))])
    found = gan.sample(attributes=wanted if gan.attributes else None, latents=z.numpy())
    return Projected(z.numpy(), found, root_mean_square(found, pictures))


def root_mean_square(pictures, others):
    """How far pictures uint8 (n, H, W, 3) are from others: float32 (n,), 0 to 1."""
    difference = (np.asarray(pictures, np.float32) - np.asarray(others, np.float32)) / 255
    return np.sqrt(np.mean(difference**2, axis=(1, 2, 3)))


def _nearest_latents(gan, targets, wanted, seed):
    """For each target the one of random latents that draws the nearest picture."""
    latents = gan.draw_latents(CANDIDATES, seed)
    nearest = np.zeros(len(targets), int)
    for vector in np.unique(wanted, axis=0):
        drawn = gan.draw(latents, np.broadcast_to(vector, (CANDIDATES, len(vector))))
        for i in np.flatnonzero((wanted == vector).all(axis=1)):
            nearest[i] = _difference(drawn, targets[i][None]).numpy().argmin()
    return latents[nearest]


def _difference(drawn, targets):
    """Mean square difference (n,) of pictures (n, H, W, 3), as they are and coarse."""
    coarse = [tf.nn.avg_pool2d(pictures, COARSE, COARSE, "VALID") for pictures in (drawn, targets)]
    return sum(tf.reduce_mean((a - b) ** 2, axis=(1, 2, 3)) for a, b in ((drawn, targets), coarse))
