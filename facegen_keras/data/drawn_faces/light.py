"""The light of a picture, and how surfaces reflect it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Light:
    """A key light with a direction (x, y, z) of length 1 and colour, over ambient light of another colour."""

    direction: np.ndarray
    key: np.ndarray
    ambient: np.ndarray


def draw_light(rng):
    """A light from above, left or right, warm or cool."""
    side = float(rng.choice([-1, 1])) * rng.uniform(0.15, 0.62)
    direction = np.array([side, -rng.uniform(0.25, 0.55), 0.8])
    warmth = rng.uniform(-0.06, 0.1)
    key = rng.uniform(0.68, 0.84) * np.array([1 + warmth, 1.0, 1 - 1.2 * warmth])
    ambient = rng.uniform(0.24, 0.36) * np.array([1 - 0.5 * warmth, 1.0, 1 + 0.8 * warmth])
    return Light(
        (direction / np.linalg.norm(direction)).astype(np.float32), key.astype(np.float32), ambient.astype(np.float32)
    )


def normals(heights):
    """The surface normals of a relief of heights (height, width): their x, y and z, each (height, width)."""
    slope_y, slope_x = np.gradient(heights)
    z = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    return -slope_x * z, -slope_y * z, z


def lit(surface, light, wrap=(0.42, 0.26, 0.2)):
    """Light that falls on a surface: (3, height, width), about 1 where it faces the key light.

    Args:
        surface: what `normals` gives.
        light: the `Light`.
        wrap: how far light reaches into the shade, for each colour: in skin, red reaches furthest.
    """
    facing = _along(surface, light.direction)
    wrap = np.array(wrap, np.float32)[:, None, None]
    diffuse = np.clip((facing + wrap) / (1 + wrap), 0, None)
    sky = 0.85 + 0.15 * np.clip(surface[2] - surface[1], -1, 1)
    return light.key[:, None, None] * diffuse + light.ambient[:, None, None] * sky


def shine(surface, light):
    """The broad highlight of the key light on a surface: (height, width) in 0..1."""
    half = light.direction + np.array([0, 0, 1], np.float32)
    reflected = np.clip(_along(surface, half / np.linalg.norm(half)), 0, 1)
    for _ in range(3):
        reflected = reflected * reflected
    return reflected


def _along(surface, direction):
    return sum(part * share for part, share in zip(surface, direction))
