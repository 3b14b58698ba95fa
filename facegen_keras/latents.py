"""The random numbers a generator starts from."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from facegen_keras.sample_faces import draw_sample_faces


def _faces(shape, seed):
    return tf.constant(draw_sample_faces(shape[0], shape[1:3], seed[0]) / 255, tf.float32)


DISTRIBUTIONS = {
    "normal": tf.random.stateless_normal,
    "uniform": lambda shape, seed: tf.random.stateless_uniform(shape, seed, -1.0, 1.0),
    "unit": tf.random.stateless_uniform,
    "faces": _faces,
}


@dataclass(frozen=True)
class Latent:
    """Where latents come from.

    Args:
        shape: shape of one latent: `(100,)` a vector, `(32, 32, 3)` a noise cube or a picture.
        distribution: "normal" N(0, 1), "uniform" U(-1, 1), "unit" U(0, 1); or "faces": real ones in training, and
            drawn sample faces where there are none, with values in [0, 1].
    """

    shape: tuple = (100,)
    distribution: str = "normal"

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(self.shape))
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(f"distribution={self.distribution!r}: expected one of {sorted(DISTRIBUTIONS)}.")

    def draw(self, count, seed):
        """Draw latents; the same `seed`, a pair of integers (or integer tensors), gives the same latents.

        Returns:
            float32 tensor (count, *shape).
        """
        return DISTRIBUTIONS[self.distribution]((count, *self.shape), seed)

    def start(self, images, seed):
        """Latents for a training step, one for each of the real images (b, H, W, 3).

        Where they are faces, each image stands for its neighbour in the batch: a generator that was fed the very
        face whose attributes are asked for would learn to copy it.
        """
        return tf.roll(images, 1, axis=0) if self.distribution == "faces" else self.draw(tf.shape(images)[0], seed)


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
