"""What people wear: clothes, glasses, hats and jewellery."""

import numpy as np

from facegen_keras.data.drawn_faces.canvas import bump, clouds, ellipse, inside, linear, mix, ramp, stroke
from facegen_keras.data.drawn_faces.light import lit, normals

CLOTHES = [
    (34, 38, 48), (24, 24, 28), (52, 66, 98), (120, 36, 44), (196, 190, 180), (70, 92, 84),
    (148, 118, 92), (96, 62, 104), (176, 92, 76), (88, 128, 158), (222, 220, 218), (58, 44, 38),
]  # fmt: skip
TIES = [(120, 22, 34), (28, 44, 96), (70, 30, 84), (32, 84, 70), (150, 110, 40), (40, 40, 46)]
FRAMES = [(18, 16, 18), (26, 20, 22), (74, 40, 22), (118, 92, 52), (104, 104, 112), (110, 24, 34), (30, 40, 74)]
HATS = [
    (30, 32, 40),
    (96, 30, 34),
    (40, 58, 92),
    (70, 74, 58),
    (150, 126, 92),
    (186, 180, 170),
    (58, 42, 34),
    (24, 24, 26),
]


def paint_clothes(canvas, person, light, rng):
    """Clothes over the shoulders: a suit, a collar, a round or a low neckline."""
    a = person.a
    canvas = canvas.window(-90, 84, 90, 110)
    kind = rng.random()
    colour = linear(CLOTHES[rng.integers(len(CLOTHES))])
    tie = linear(TIES[rng.integers(len(TIES))])
    folds = clouds(rng, 16, canvas.x)
    x, y = canvas.x, canvas.y
    side = np.abs(x)
    shoulder = 89 + 0.24 * np.clip(side - person.neck - 3, 0, None) ** 1.04
    heights = 26 * np.sqrt(np.clip(1.02 - (x / 100) ** 2, 0, 1)) + 1.3 * folds
    light_ = lit(normals(heights), light, (0.2, 0.2, 0.2))
    suit = a["Wearing_Necktie"] or (a["Male"] and kind < 0.3)
    if suit:
        _paint_suit(canvas, side, y, shoulder, colour, tie if a["Wearing_Necktie"] else None, light_, person)
        return
    if a["Male"] or kind < 0.5:
        neckline = 86 + 0.5 * kind + 8 * np.clip(1 - (side / (person.neck + 3)) ** 2, 0, 1)
    else:
        neckline = 88 + mix(30, 12, kind) * np.clip(1 - (side / (person.neck + 10)) ** 1.2, 0, 1)
    distance = np.maximum(neckline, shoulder - 2) - y
    hem = 1 - 0.3 * np.exp(-0.5 * ((distance + 2.2) / 1.2) ** 2)
    canvas.tint(linear((150, 118, 110)), 0.8 * ramp(5, 0, distance) * ramp(person.neck + 7, person.neck, side))
    canvas.paint(colour[:, None, None] * light_ * hem, inside(distance))


def _paint_suit(canvas, side, y, shoulder, colour, tie, light_, person):
    neck = person.neck
    shirt = inside(np.maximum(side - neck - 5, 76 + 0.9 * np.clip(neck - side, 0, None) - y))
    white = linear((226, 226, 230))[:, None, None] * light_
    canvas.tint(
        linear((150, 118, 110)), 0.7 * ramp(5, 0, 76 + 0.9 * np.clip(neck - side, 0, None) - y) * (side < neck + 6)
    )
    canvas.paint(white, shirt)
    edge = stroke(side, y, [(neck + 2, 80), (neck * 0.45, 104), (neck * 0.8, 112)], 0.8)
    canvas.tint(linear((160, 160, 170)), edge)
    if tie is not None:
        knot = np.maximum(side - mix(5.8, 4.4, ramp(88, 98, y)), 86 - y)
        blade = np.maximum(side - mix(4.0, 9.0, ramp(98, 125, y)), 98 - y)
        stripes = 1 + 0.5 * ramp(-0.2, 0.2, np.sin(0.9 * (canvas.x + y)))
        canvas.paint(tie[:, None, None] * light_ * stripes, inside(np.minimum(knot, blade)))
        canvas.tint(linear((150, 150, 150)), np.exp(-0.5 * ((y - 98) / 0.9) ** 2) * (side < 5))
    lapel = np.maximum(shoulder - 1 - y, neck * 0.95 - (y - 84) * 0.62 - side)
    dark = np.minimum(colour, linear((70, 72, 80)))
    fold = 1 - 0.45 * np.exp(-0.5 * ((lapel + 9) / 0.9) ** 2) - 0.35 * np.exp(-0.5 * (lapel / 1.0) ** 2)
    canvas.paint(dark[:, None, None] * light_ * fold, inside(lapel))


def paint_necklace(canvas, person, rng):
    """A chain or a string of pearls round the neck."""
    canvas = canvas.window(-60, 80, 60, 110)
    pearls = rng.random() < 0.5
    gold = linear((236, 224, 206) if pearls else (204, 164, 84))
    drop = 90 + 4 * rng.random()
    side, y = np.abs(canvas.x), canvas.y
    line = y - drop + 0.013 * side**2
    beads = 0.6 + 0.4 * np.cos(canvas.x * (1.5 if pearls else 2.4))
    near = ramp(person.neck + 4, person.neck - 2, side)
    canvas.tint(linear((150, 110, 100)), 0.6 * near * np.exp(-0.5 * ((line - 2.0) / 1.3) ** 2))
    canvas.paint(
        gold[:, None, None] * (0.35 + 0.8 * beads), near * inside(np.abs(line) - (1.7 if pearls else 1.3), 0.8)
    )
    if not pearls:
        canvas.paint(1.1 * gold, inside(ellipse(side, line - 3.6, 2.4, 3.0)))


def paint_earrings(canvas, person, rng):
    """Studs, hoops or drops under both ears."""
    canvas = canvas.window(-70, 18, 70, 40)
    kind = rng.integers(3)
    metal = linear([(226, 190, 104), (222, 224, 230), (236, 228, 214)][rng.integers(3)])
    edge = person.outline[4, 0] + 0.6
    x, y = np.abs(canvas.x) - edge, canvas.y - 24
    if kind == 0:
        shape = ellipse(x, y - 1, 2.5, 2.5)
    elif kind == 1:
        shape = np.abs(np.hypot(x, 0.9 * (y - 6)) - 5.8) - 1.05
    else:
        shape = np.minimum(ellipse(x, y, 1.7, 1.7), ellipse(x, y - 8, 2.7, 5.8))
    canvas.tint(linear((120, 96, 90)), 0.6 * inside(shape - 1.2, 1.2))
    sparkle = 0.7 + 0.75 * bump(x + 0.8, y + 0.4, 1.2, 1.2) + 0.4 * np.cos(y * 0.9)
    canvas.paint(metal[:, None, None] * sparkle, inside(shape))


def paint_glasses(canvas, person, light, rng):
    """Spectacles of varied frames, some of them sunglasses."""
    colour = linear(FRAMES[rng.integers(len(FRAMES))])
    width, height = rng.uniform(14.0, 16.2), rng.uniform(9.5, 12.8)
    power, thick = rng.uniform(2.0, 3.6), rng.uniform(0.85, 1.6)
    dark, glare_at = rng.random() < 0.16, rng.uniform(-5, 5)
    part = canvas.window(-60, -22, 60, 26)
    side, y = np.abs(part.x), part.y - 1.5
    x = side - 20.3
    lens = ellipse(x + 0.1 * y, y - 0.05 * x, width, height, power)
    frame = np.abs(lens) - thick * (1 + 0.3 * ramp(4, -8, y))
    bridge = np.maximum(np.abs(y + 2.6 + 1.6 * ramp(5, 0, side)) - thick * 0.9, side - 20.3 + width)
    temple = np.maximum(
        np.abs(y + 3.5 - 0.04 * x) - thick, np.maximum(20.3 + width - side, side - person.outline[4, 0] - 2)
    )
    shape = np.minimum(np.minimum(frame, bridge), temple)
    part.tint(linear((168, 130, 120)), 0.55 * inside(np.minimum(frame, bridge) - 1.0 + 0 * y, 2.2))
    glass = inside(lens)
    if dark:
        part.paint(linear((26, 24, 28))[:, None, None] * (1 + 2.0 * ramp(-height, height, y)), 0.95 * glass)
    glare = np.exp(-0.5 * ((x + 0.6 * y - glare_at) / 2.6) ** 2) + 0.6 * np.exp(
        -0.5 * ((x + 0.6 * y - glare_at - 6) / 1.1) ** 2
    )
    part.paint(linear((236, 242, 250)), (0.2 if dark else 0.1) * glare * glass)
    bright = 0.75 + 1.1 * bump(x - 4 * light.direction[0], y + height, 6, 2.4)
    part.paint(colour[:, None, None] * bright, inside(shape))


def paint_hat(canvas, person, light, rng):
    """A cap, a woollen hat or a hat with a brim, down to the forehead."""
    canvas = canvas.window(-90, -90, 90, -8)
    kind = rng.integers(3)
    colour = linear(HATS[rng.integers(len(HATS))])
    weave = clouds(rng, 1.6, canvas.x)
    x, y = canvas.x, canvas.y
    edge = person.outline[3, 0] + 6.5
    top = -74 - 3 * rng.random()
    low = -27.0
    crown_level = np.hypot(x / (edge + 1.5), np.clip(low + 10 - y, 0, None) / (low + 10 - top))
    bend = [1.0, 4.0, 2.0][kind]
    rim = low + bend * (1 - (x / edge) ** 2)
    crown = np.maximum((crown_level - 1) * 40, y - rim)
    heights = 46 * np.sqrt(np.clip(1.02 - crown_level**2.4, 0, 1))
    canvas.tint(linear((120, 96, 92)), 0.85 * ramp(12, 0, y - rim) * (y >= rim) * ramp(edge, edge - 6, np.abs(x)))
    texture = 1 + 0.06 * weave
    if kind == 1:
        texture = (
            texture
            * (1 + 0.18 * np.cos(x * 1.15 * (1 + 0.004 * (y + 30))))
            * mix(1, 0.8, ramp(-44, -42, y) * ramp(-40, -43, y))
        )
        heights = heights + 2.5 * ramp(-44, -40, y)
    canvas.paint(colour[:, None, None] * lit(normals(heights), light, (0.25, 0.25, 0.25)) * texture, inside(crown, 0.9))
    if kind == 1:
        return
    if kind == 0:
        brim = ellipse(x, y - low + 0.5, edge - 2, 9.0, 2.3)
        brim = np.maximum(brim, low - 5 - y + 5 * (x / edge) ** 2)
        shade = 0.95 - 0.4 * ramp(low - 2, low + 8, y)
    else:
        brim = ellipse(x, y - low + 1 + 2.5 * (x / edge) ** 2, edge + 19, 6.0)
        shade = 0.9 - 0.3 * ramp(low - 2, low + 4, y)
        canvas.paint(0.3 * colour, inside(np.maximum(crown, low - 13 - y)))
    canvas.paint(colour[:, None, None] * lit(normals(0.5 * heights), light) * shade * texture, inside(brim, 0.9))
    seam = np.exp(-0.5 * ((y - low + 5 - 5 * (x / edge) ** 2) / 0.9) ** 2) * (np.abs(x) < edge) * (kind == 0)
    canvas.tint(linear((120, 120, 124)), seam)
