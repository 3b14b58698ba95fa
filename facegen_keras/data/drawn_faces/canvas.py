"""Tools to paint with: soft masks, noise and blur on numpy arrays, and the canvas."""

import functools
from dataclasses import dataclass

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 218, 178
EYE_LINE, MIDDLE = 111.0, 88.5  # where CelebA's alignment puts the eyes, in pixels


@functools.lru_cache(maxsize=512)
def linear(colour):
    """The colour, a tuple of display values 0..255, as linear light, float32 (3,), read-only."""
    light = (np.asarray(colour, np.float32) / 255) ** 2.2
    light.flags.writeable = False
    return light


def tones(red, green, blue):
    """Shares of red, green and blue, float32 (3, 1, 1), for every pixel of a picture (3, height, width)."""
    return np.array([red, green, blue], np.float32)[:, None, None]


def mix(first, second, share):
    """`first` where share is 0, `second` where it is 1."""
    return first + (second - first) * share


def ramp(start, end, value):
    """Smooth step from 0 at `start` to 1 at `end` (either may be the larger)."""
    t = np.minimum(np.maximum((value - start) * (1 / (end - start)), 0), 1)
    return t * t * (3 - 2 * t)


def bump(x, y, width, height):
    """Gaussian hill of height 1 at the origin."""
    return np.exp(-0.5 * ((x / width) ** 2 + (y / height) ** 2))


def inside(distance, softness=0.7):
    """Coverage in 0..1 of a shape whose signed distance is negative within it."""
    return ramp(softness, -softness, distance)


def ellipse(x, y, width, height, power=2.0):
    """Approximate signed distance, in pixels, to a (super)ellipse of these half axes."""
    level = (np.abs(x / width) ** power + np.abs(y / height) ** power) ** (1 / power)
    return (level - 1) * np.minimum(width, height, dtype=np.float32)


def stroke(x, y, points, width):
    """Soft line of this half width through the points; its ends fade out."""
    best = np.full(np.shape(x), np.inf, np.float32)
    for (ax, ay), (bx, by) in zip(points[:-1], points[1:]):
        dx, dy = bx - ax, by - ay
        t = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
        best = np.minimum(best, (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2)
    return np.exp(-0.5 * best / width**2)


def curve(points, steps=8):
    """Catmull-Rom spline through the points, as an array (n, 2)."""
    points = np.asarray(points, np.float32)
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.arange(steps, dtype=np.float32)[:, None] / steps
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:]):
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate([*pieces, points[-1:]])


def blur(field, sigma):
    """Gaussian blur of a 2-D float field, edges repeated."""
    reach = max(1, int(np.ceil(2.5 * sigma)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).astype(np.float32)
    weights /= weights.sum()
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (reach, reach)
        padded = np.pad(field, pad, mode="edge")
        size = field.shape[axis]
        slices = [padded[i : i + size] if axis == 0 else padded[:, i : i + size] for i in range(2 * reach + 1)]
        field = sum(weight * part for weight, part in zip(weights, slices))
    return field


def wide_blur(field, sigma):
    """Gaussian blur for a large sigma, computed on a quarter of the rows and columns."""
    height, width = field.shape
    small = _resize(field, (width // 4, height // 4), Image.Resampling.BOX)
    return _resize(blur(small, sigma / 4), (width, height), Image.Resampling.BICUBIC)


def clouds(rng, cell, like):
    """Smooth noise, mean 0 and standard deviation about 1, shaped like `like` (2-D), with hills `cell` pixels wide."""
    height, width = like.shape
    coarse = rng.standard_normal((int(height / cell) + 3, int(width / cell) + 3)).astype(np.float32)
    return 1.3 * _resize(coarse, (width, height), Image.Resampling.BICUBIC)


def _resize(field, size, how):
    return np.asarray(Image.fromarray(np.ascontiguousarray(field, np.float32)).resize(size, how))


class Strands:
    """Noise that is fine across hairs and long along them."""

    def __init__(self, rng):
        self.table = rng.random((64, 256)).astype(np.float32)

    def __call__(self, across, along):
        """Values in 0..1 at these coordinates, one hair a unit of `across`, one kink a unit of `along`."""
        u, v = np.floor(across).astype(np.int32), np.floor(along).astype(np.int32)
        s, t = (across - u).astype(np.float32), (along - v).astype(np.float32)
        s, t = s * s * (3 - 2 * s), t * t * (3 - 2 * t)
        flat = self.table.ravel()
        u0, u1, v0, v1 = u & 255, (u + 1) & 255, (v & 63) << 8, ((v + 1) & 63) << 8
        near = mix(flat[v0 + u0], flat[v0 + u1], s)
        return mix(near, mix(flat[v1 + u0], flat[v1 + u1], s), t)


@dataclass
class Canvas:
    """A picture in linear light with the face's own coordinates for every pixel.

    Attributes:
        image: float32 (3, height, width), linear light.
        x: float32 (height, width), pixels to the right of the face's middle line.
        y: float32 (height, width), pixels below the eye line.
    """

    image: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def paint(self, colour, coverage):
        """Lay `colour` ((3,) or (3, height, width)) over the picture by `coverage` (height, width) in 0..1."""
        self.image += coverage * (_as_layer(colour) - self.image)

    def tint(self, factor, coverage):
        """Multiply the picture by `factor` where coverage is 1."""
        self.image *= 1 + coverage * (_as_layer(factor) - 1)

    def window(self, left, top, right, bottom):
        """The part of the canvas around this box of face coordinates; painting it paints the whole."""
        rows = _span(top + EYE_LINE, bottom + EYE_LINE, HEIGHT)
        columns = _span(left + MIDDLE, right + MIDDLE, WIDTH)
        return Canvas(self.image[:, rows, columns], self.x[rows, columns], self.y[rows, columns])


def _as_layer(colour):
    colour = np.asarray(colour, np.float32)
    return colour[:, None, None] if colour.ndim == 1 else colour


def _span(start, end, size):
    margin = 12  # the pose moves features by up to this many pixels
    return slice(max(0, int(start) - margin), min(size, int(end) + margin))
