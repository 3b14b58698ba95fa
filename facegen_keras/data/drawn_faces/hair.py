"""Hair of the head, as shaded strands along a flow."""

from dataclasses import dataclass

import numpy as np

from facegen_keras.data.drawn_faces.canvas import (
    Strands,
    blur,
    bump,
    clouds,
    curve,
    inside,
    linear,
    mix,
    ramp,
    wide_blur,
)
from facegen_keras.data.drawn_faces.light import lit, normals

CROWN = -14.0  # above this height hair runs in circles over the skull, below it falls straight


@dataclass(frozen=True)
class Style:
    """How a head of hair is cut: lengths and widths in pixels."""

    top: float
    sides: float
    fall: float
    parting: float
    hairline: float
    wave: float
    curl: float
    bangs: bool
    swept: bool
    quiff: float


def draw_style(a, rng):
    """A haircut that agrees with the attributes."""
    u = rng.random(10).tolist()
    male = a["Male"]
    long_ = u[0] < (0.08 if male else 0.82)
    fall = mix(48, 125, u[1]) if long_ else -6 + 4 * u[1]
    if not male and not long_:
        fall = mix(6, 44, u[1])
    curl = 0.0 if a["Straight_Hair"] or a["Wavy_Hair"] else (1.0 if u[2] < 0.14 else 0.0)
    wave = 1.0 if a["Wavy_Hair"] else (0.0 if a["Straight_Hair"] else 0.15 + 0.3 * u[3])
    hairline = 38 + 4 * u[4] + 12 * a["Receding_Hairline"]
    return Style(
        top=mix(3.0, 11.0, u[5]) - 2.5 * a["Receding_Hairline"] + 2.5 * wave + 8 * curl,
        sides=(mix(7, 15, u[6]) if long_ else mix(1.2, 3.5, u[6]) + (0 if male else 4.5)) + 3 * wave + 5 * curl,
        fall=fall,
        parting=(u[7] - 0.5) * (34 if u[8] < 0.7 else 6),
        hairline=hairline,
        wave=wave,
        curl=curl,
        bangs=bool(a["Bangs"]),
        swept=bool(male and not long_ and u[9] < 0.9),
        quiff=(6.5 * u[3] if male and not long_ and not a["Receding_Hairline"] else 2.0 * u[3]),
    )


class Hair:
    """A person's hair on the canvas: where it covers and how its strands run.

    Attributes:
        cover: coverage of the hair before the face, (height, width) in 0..1.
        back: coverage of the hair behind head and neck.
    """

    def __init__(self, canvas, person, rng):
        self.person = person
        self.style = style = draw_style(person.a, rng)
        self.canvas = canvas = canvas.window(-90, -112, 90, max(style.fall, 16) + 10)
        strands = Strands(rng)
        x, y = canvas.x, canvas.y
        above = np.clip(CROWN - y, 0, None) * 0.93
        below = np.clip(y - CROWN, 0, None)
        self.arch = np.sqrt(x * x + above * above)
        self.along = np.where(y < CROWN, np.arctan2(np.abs(x), np.maximum(above, 1e-3)) * 47, 73.8 + below)
        self.phase = self.along / 7.5 + np.sign(x) * (0.5 + rng.random()) + 0.5 * clouds(rng, 22, canvas.x)
        swing = ramp(40, 95, self.along) * style.wave
        self.ripple = 4.2 * swing * np.sin(self.phase) + style.curl * 1.6 * clouds(rng, 7.0, canvas.x)
        self.curls = clouds(rng, 4.2, canvas.x) * style.curl
        self.fine, self.locks = _texture(strands, *self._flow())
        if style.bangs:
            fringe = ramp(-62, -40, y) * ramp(46, 30, np.abs(x)) * ramp(-4, -12, y)
            front = _texture(strands, (x - 0.5 * style.parting) * 70 / (y + 120), y + 70)
            self.fine, self.locks = mix(self.fine, front[0], fringe), mix(self.locks, front[1], fringe)
        self.swing = swing
        self._measure(x, y, below)

    def _measure(self, x, y, below):
        style = self.style
        skull = self._skull()
        flare = 0.09 * np.clip(below - 22, 0, None) * (style.fall > 30)
        self.outer = (
            skull
            + mix(style.top, style.sides, ramp(15, 75, self.along))
            + flare
            + self.ripple
            + 0.9 * self.curls
            + self._quiff(x)
        )
        end = style.fall + 9 * (self.locks - 0.5) + 5 * (self.fine - 0.5)
        frayed = self.outer + 1.4 * (self.fine - 0.5) + 1.5 * (self.locks - 0.5)
        shell = inside(self.arch - frayed, 1.2) * ramp(end + 4, end - 4, y)
        if self.person.a["Wearing_Hat"]:
            shell = shell * ramp(-36, -30, y)
        self.inner = self._hairline(x, y)
        wisps = 3.2 * (self.fine - 0.5) * (style.swept + 0.25) + 0.7 * self.curls + 0.4 * self.ripple
        self.cover = shell * ramp(-1.2, 2.4 + 2.0 * style.swept, self.arch - self.inner - wisps)
        if style.bangs:
            self.cover = np.maximum(self.cover, shell * self._bangs(x, y))
        self.back = shell

    def _skull(self):
        """The head's outline above the ears, in the coordinates of the arch."""
        points = curve(self.person.outline[:5], steps=8)
        points = points[points[:, 1] < CROWN]
        above = (CROWN - points[:, 1]) * 0.93
        angles = np.arctan2(points[:, 0], above) * 47
        return np.interp(self.along, angles, np.hypot(points[:, 0], above)).astype(np.float32)

    def _quiff(self, x):
        return self.style.quiff * ramp(48, 10, self.along) * (1 - 0.03 * x * float(np.sign(self.style.parting)))

    def _hairline(self, x, y):
        """How far out, in the coordinates of the arch, the hair in front begins."""
        style, outline = self.style, self.person.outline
        height = (style.hairline + CROWN) * 0.93
        shifted = np.where(
            y < CROWN,
            np.arctan2(np.abs(x - 0.6 * style.parting), np.clip(CROWN - y, 1e-3, None) * 0.93) * 47,
            self.along,
        )
        long_ = style.fall > 30
        skull, ear = float(outline[3, 0]), float(outline[4, 0]) - (3.0 if long_ else 0.2)
        if self.person.a["Receding_Hairline"]:
            start = [height, height + 2.0, skull - 1.5]
        elif long_:
            start = [height - 1, height + 2.5, skull - 9.5]
        else:
            start = [height, height + 1.0, skull - 8.5]
        levels = [*start, skull - 3.5, ear, ear - 0.6, ear + 1.0, ear - 5, ear - 13]
        return np.interp(shifted, [0, 16, 42, 62, 88, 112, 140, 165, 200], levels).astype(np.float32)

    def _bangs(self, x, y):
        slant = 0.14 * float(np.sign(self.style.parting)) * x
        edge = -18.0 + slant - 4.0 * (x / 30) ** 2 + 5.0 * (self.locks - 0.5) + 4.0 * (self.fine - 0.5)
        return ramp(edge + 2.0, edge - 2.0, y) * ramp(45, 41, np.abs(x))

    def _flow(self):
        """Coordinates across and along the strands."""
        style, x = self.style, self.canvas.x
        across, along = self.arch + self.ripple, self.along
        if style.swept:
            across, along = np.sign(x - style.parting) * self.along * 0.8 + 0.45 * self.arch, self.arch
            across = across + 1.8 * style.wave * np.sin(self.arch / 3.5 + self.phase)
        return across + 2.8 * np.sin(1.4 * self.curls), along

    def paint_back(self, light):
        """Paint the hair behind the head and neck."""
        if self.style.fall <= 0:
            return
        shade = 0.13 + 0.3 * self.locks + 0.12 * self.fine
        self.canvas.paint(self.person.hair[:, None, None] * shade * light.key[:, None, None], self.back)

    def shade_face(self, light):
        """The shadow that hair casts on the face."""
        shift = -2 if light.direction[0] > 0 else 2
        shadow = np.roll(wide_blur(self.cover, 3.0), (3, shift), axis=(0, 1))
        shadow[:3] = 0  # rows that the roll moved here from the bottom
        self.canvas.tint(linear((140, 102, 92)), 0.85 * np.clip(shadow * 1.15, 0, 1))

    def paint_front(self, light):
        """Paint the hair over the forehead and beside the face."""
        person, style = self.person, self.style
        thick = np.clip((self.outer - self.arch) / np.maximum(self.outer - self.inner, 5), 0, 1)
        dome = 34 * np.sqrt(np.clip(1.06 - (self.arch / (self.outer + 2)) ** 2.4, 0.02, 1))
        dome = (
            dome
            + 5 * np.sqrt(thick * (1.02 - thick))
            + 1.6 * self.locks
            + 1.3 * self.curls
            + 2.4 * self.swing * np.cos(self.phase)
        )
        illumination = lit(normals(blur(dome, 0.8)), light, (0.3, 0.3, 0.3))
        shade = (0.5 + 0.5 * self.locks + 0.34 * (self.fine - 0.5)) * mix(
            0.62, 1.0, ramp(0, 0.35, 1 - np.abs(thick - 0.5) * 1.7)
        )
        colour = person.hair[:, None, None] * illumination * np.clip(shade, 0.12, 1.4) * 1.3
        lean = 14 * float(light.direction[0])
        band = bump(self.along - 36 - lean * np.sign(self.canvas.x), self.arch - self.outer + 9, 14, 6)
        band = band + 0.45 * ramp(60, 85, self.along) * np.exp(-0.5 * ((self.canvas.y - 2) / 17) ** 2) * 4 * thick * (
            1 - thick
        )
        band = band + 0.5 * self.swing * ramp(0.2, 1.0, np.sin(self.phase + 0.8)) * thick
        sheen = np.clip(band, 0, 1) * (0.25 + 0.9 * self.fine) * (0.4 + 0.8 * self.locks) * (1 - 0.6 * style.curl)
        gloss = mix(person.hair, np.float32(1.0), 0.12) * 0.55 + 0.022
        self.canvas.paint(colour + (gloss * light.key)[:, None, None] * sheen, self.cover)

    def paint_stubble(self, light):
        """Paint the short hair that is left around a bald head."""
        y = self.canvas.y
        edge = self.person.outline[3, 0]
        fade = ramp(-9, -1, self.arch - edge) * ramp(2.5, 0.5, self.arch - edge) * ramp(-44, -24, y) * ramp(4, -6, y)
        self.canvas.paint(0.8 * self.person.hair * light.key, fade * np.clip(0.25 + 0.5 * self.fine, 0, 0.75))


def _texture(strands, across, along):
    """Single hairs, and the coarser locks that they form, both 0..1."""
    return strands(across * 0.95 + 300, along * 0.045 + 9), strands(across * 0.3 + 90, along * 0.022 + 30)
