"""The random numbers, or faces, that a generator starts from."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from facegen_keras.data.sample_faces import draw_sample_faces
from facegen_keras.gan.replicas import draw_share, roll_batch

MEANS = {"normal": 0.0, "uniform": 0.0, "unit": 0.5}
DISTRIBUTIONS = {
    "normal": tf.random.stateless_normal,
    "uniform": lambda shape, seed: tf.random.stateless_uniform(shape, seed, -1.0, 1.0),
    "unit": tf.random.stateless_uniform,
}
FACES = "faces"


@dataclass(frozen=True)
class Latent:
    """Where latents come from.

    Args:
        shape: shape of one latent: `(100,)` a vector, `(32, 32, 3)` a noise cube or a picture.
        distribution: "normal" N(0, 1), "uniform" U(-1, 1), "unit" U(0, 1), or "faces" for a generator fed with faces.

    Raises:
        ValueError: there is no such distribution.
    """

    shape: tuple = (100,)
    distribution: str = "normal"

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(self.shape))
        if self.distribution not in (*DISTRIBUTIONS, FACES):
            raise ValueError(f"distribution={self.distribution!r}: expected one of {[*DISTRIBUTIONS, FACES]}.")

    def sample(self, count, seed, truncation=1.0):
        """Draw random latents; the same `seed`, a pair of integers (or integer tensors), gives the same ones.

        Args:
            count, seed: how many, and which.
            truncation: how far each is from the mean of the distribution, as a share of how far it was drawn.

        Returns:
            float32 tensor (count, *shape).
        """
        latents = DISTRIBUTIONS[self.distribution]((count, *self.shape), seed)
        if truncation == 1:
            return latents
        mean = MEANS[self.distribution]
        return mean + truncation * (latents - mean)

    def for_training(self, images, seed):
        """Latents of a training step, one for each of its real images (b, H, W, 3).

        Where latents are faces, each image is paired with its neighbour in the batch: a generator that is fed the very
        face whose attributes it is asked for would learn to copy it.
        """
        if self.distribution == FACES:
            return roll_batch(images)
        return draw_share(lambda count: self.sample(count, seed), tf.shape(images)[0])


def check_truncation(gan):
    """ValueError unless a GAN can draw latents by its truncation."""
    if not 0 < gan.truncation <= 1:
        raise ValueError(f"truncation={gan.truncation}: expected a number over 0 and at most 1, such as 0.7.")
    if gan.truncation < 1 and gan.latent.distribution == FACES:
        raise ValueError(f"truncation={gan.truncation}: this generator starts from faces, not from random latents.")


def choose_faces(faces, count, size, seed, crop):
    """Faces for a generator that is fed faces: uint8 (count, height, width, 3).

    Args:
        faces: uint8 array (n, height, width, 3) to choose from; None draws sample faces.
        count, seed: how many, and which.
        size, crop: of drawn faces.
    """
    if faces is None:
        return draw_sample_faces(count, size, seed, crop)
    return faces[np.random.default_rng(seed).choice(len(faces), count, replace=count > len(faces))]


def slerp(start, end, steps):
    """Spherical interpolation between two latents: every step stays as far from the origin as its ends.

    Args:
        start, end: float arrays of one shape.
        steps: how many latents, both ends counted, at least 2.

    Returns:
        float32 array (steps, *shape).

    Source: White, Sampling Generative Networks, 2016.
    """
    start, end = np.asarray(start, np.float32), np.asarray(end, np.float32)
    cosine = np.vdot(start, end) / (np.linalg.norm(start) * np.linalg.norm(end))
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    t = np.linspace(0.0, 1.0, steps, dtype=np.float32).reshape(-1, *[1] * start.ndim)
    if angle < 1e-4:  # parallel: the arc is a line
        return (1 - t) * start + t * end
    return (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)
