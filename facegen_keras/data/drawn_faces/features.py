"""Eyes, brows, nostrils and mouth, painted on the shaded head."""

import numpy as np

from facegen_keras.data.drawn_faces.canvas import Strands, bump, curve, ellipse, inside, linear, mix, ramp, stroke

LASH = linear((22, 15, 14))
SHADOWS = [(112, 74, 70), (94, 82, 110), (120, 92, 66), (72, 66, 74), (132, 96, 112), (66, 88, 100)]
LIPSTICKS = [(186, 30, 48), (160, 26, 52), (204, 66, 84), (196, 44, 96), (148, 34, 40), (214, 88, 92)]


def paint_eyes(canvas, person, light, rng):
    """Both eyes with lids, lashes and the shadow on the lids."""
    shadow = linear(SHADOWS[rng.integers(len(SHADOWS))])
    gaze = np.clip(rng.normal(0, 0.6, 2), -1.1, 1.1).tolist()
    table = Strands(rng)
    for side in (-1, 1):
        part = canvas.window(side * 20 - 18, -20, side * 20 + 18, 18)
        x = side * part.x - person.eye_gap
        y = part.y - 0.35 * side * person.lopsided + 0.1 * person.eye_slant * x
        _paint_eye(part, x, y, side, person, light, shadow, gaze, table)


def _paint_eye(part, x, y, side, person, light, shadow, gaze, table):
    a, half = person.a, person.eye_width
    t = np.clip(x / half, -1, 1)
    arch = np.sqrt(np.clip(1 - t * t, 0, 1)) * (1 - 0.16 * t)
    upper = -person.eye_open * arch ** mix(1.25, 1.0, a["Young"])
    lower = person.eye_lower * (1 - t**2) * (1 + 0.25 * t)
    beyond = np.clip(np.abs(x) - half, 0, None)
    _paint_lid(part, x, y, upper, beyond, person, shadow)
    opening = inside(np.maximum(np.maximum(upper - y, y - lower), np.abs(x) - half), 0.6)
    _paint_eyeball(part, x, y, side, upper, opening, person, light, gaze, table)
    ends = ramp(half + 1.6, half - 0.8, np.abs(x))
    made_up = max(a["Heavy_Makeup"], 0.45 * (1 - a["Male"]))
    thick = 0.8 + 0.5 * made_up
    wing = 0.9 * made_up * ramp(0.35 * half, half + 2.5, x) + 0.35
    line = np.exp(-0.5 * ((y - upper + 0.35 + 0.3 * made_up) / (thick * mix(0.75, 1.15, ramp(-half, half, x)))) ** 2)
    part.paint(LASH, line * ends * (0.78 + 0.2 * made_up))
    tail = stroke(x, y, [(half - 1.5, -1.0), (half + 1.0 + 1.3 * made_up, -1.4 - 1.4 * made_up)], 0.5 + 0.25 * made_up)
    part.paint(LASH, tail * (0.35 + 0.6 * made_up))
    lashes = ramp(0.2, 0.9, np.cos(2.6 * (x + 0.35 * (y - upper) * t)))
    reach = ramp(-2.2 - 2.0 * wing, 0, y - upper) * (y < upper)
    part.paint(LASH, 0.75 * made_up * lashes * reach * ends * ramp(-0.5 * half, 0.4 * half, x))
    rim = np.exp(-0.5 * ((y - lower - 0.2) / 0.6) ** 2) * ramp(1.2, 0, beyond)
    part.tint(linear((176, 122, 112)), rim * 0.75)
    part.paint(LASH, 0.5 * a["Heavy_Makeup"] * rim * ramp(-half, half, x))


def _paint_lid(part, x, y, upper, beyond, person, shadow):
    a = person.a
    open_ = ramp(4.5, 0.5, beyond)
    fold = person.crease * (0.75 if a["Narrow_Eyes"] else 1)
    lid = ramp(-fold - 0.6, -fold + 0.6, y - upper) * (y < upper + 1) * open_
    part.tint(linear((212, 176, 172)), 0.55 * lid)
    if a["Heavy_Makeup"]:
        haze = ramp(-9.5, -2, y - upper) * (y < upper + 1) * ramp(6, 0, beyond)
        part.paint(shadow, haze * mix(0.5, 0.3, person.darkness))
    crease = np.exp(-0.5 * ((y - upper + fold + 0.06 * x) / 0.75) ** 2) * open_
    part.tint(linear((150, 104, 92)), crease * (0.75 + 0.2 * person.age))
    part.tint(linear((206, 172, 164)), 0.55 * bump(x + person.eye_width - 1, y + 4, 3.5, 4.5))


def _paint_eyeball(part, x, y, side, upper, opening, person, light, gaze, table):
    ball = np.clip(1.05 - (x / (person.eye_width + 2)) ** 2 * 0.55 - (y / 9) ** 2 * 0.4, 0, 1)
    white = linear((228, 221, 215))[:, None, None] * ball * mix(0.88, 0.66, person.darkness)
    part.paint(white, opening)
    part.tint(linear((222, 150, 140)), opening * bump(x + person.eye_width - 0.6, y - 0.6, 1.3, 1.4))
    ix, iy = x - side * gaze[0] * 1.0 + 0.35, y + 0.75 - 0.3 * gaze[1]
    radius = np.hypot(ix, iy)
    spokes = table(np.arctan2(iy, ix) * 5 + 60, radius * 0.5)
    glow = 0.42 + 0.75 * bump(ix + 1.2 * light.direction[0], iy - 1.9, 2.0, 1.6) + 0.35 * (spokes - 0.5)
    iris = 1.9 * person.iris[:, None, None] * glow * mix(1.0, 0.22, ramp(2.7, 4.0, radius))
    part.paint(iris, opening * inside(radius - 4.4, 0.6))
    part.paint(linear((8, 6, 7)), opening * inside(radius - 1.9, 0.6))
    shade = ramp(3.6, 0.2, y - upper)
    part.tint(linear((120, 100, 100)), opening * shade * 0.85)
    glint = inside(np.hypot(ix - side * (1.5 if light.direction[0] > 0 else -1.5), iy + 1.6) - 0.95, 0.6)
    part.paint(linear((252, 252, 255)), opening * glint * 0.95)


def paint_brows(canvas, person, rng):
    """Two brows of slanting hairs."""
    a = person.a
    colour = _brow_colour(person)
    strands = Strands(rng)
    for side in (-1, 1):
        part = canvas.window(side * 20 - 18, -30, side * 20 + 20, 0)
        x = side * part.x - person.eye_gap
        y = part.y + person.brow_height + 0.5 * side * person.lopsided
        t = (x + 9.5) / 24.5
        arch = person.brow_arch * 1.2 * np.clip(1 - ((t - 0.62) / 0.62) ** 2, -0.9, 1)
        middle = 1.2 - arch - person.brow_slant * (t - 0.5) * 2 + 1.8 * np.clip(t - 0.7, 0, 1)
        half = person.brow_thickness * (0.35 + 1.0 * ramp(1.05, 0.3, t)) * mix(0.8, 1.0, ramp(-0.05, 0.3, t))
        hairs = strands(1.25 * (x + 1.3 * (y - middle) * mix(-0.3, 1.6, np.clip(t, 0, 1))) + 40, 0.25 * y + 8)
        coverage = ramp(half + 1.4, half - 1.1, np.abs(y - middle)) * ramp(-0.09, 0.08, t) * ramp(1.05, 0.88, t)
        neat = max(a["Heavy_Makeup"], 0.3 * (1 - a["Male"]))
        part.paint(colour, coverage * np.clip(mix(0.5, 0.7, neat) + 0.45 * hairs, 0, 0.92))


def _brow_colour(person):
    a = person.a
    if a["Blond_Hair"]:
        return linear((112, 80, 48))
    if a["Gray_Hair"]:
        return linear((98, 92, 88))
    return np.minimum(person.hair * 0.6, linear((72, 46, 32)))


def paint_nostrils(canvas, person):
    """Nostrils and the crease of the wings."""
    part = canvas.window(-18, 10, 18, 36)
    side, y = np.abs(part.x), part.y
    width, end = person.nose_width, person.nose_length
    wing = stroke(
        side, y, curve([(width - 1.6, end - 5.5), (width + 0.2, end - 1.5), (width - 1.5, end + 1.4)], 2), 0.95
    )
    part.tint(linear((150, 96, 84)), 0.62 * wing)
    lean = y - end - 1.1 + 0.22 * (side - 0.5 * width)
    hole = ellipse(side - 0.46 * width, lean, 0.25 * width, 1.35)
    part.tint(linear((74, 36, 32)), inside(hole, 1.0) * 0.88)
    part.tint(linear((186, 140, 128)), 0.6 * bump(part.x, y - end - 2.6, 0.5 * width, 1.3))


def paint_mouth(canvas, person, light, rng):
    """Lips, and teeth where the mouth is open."""
    part = canvas.window(-26, 26, 26, 62)
    tooth = 0.75 + 0.25 * rng.random()
    stick = linear(LIPSTICKS[rng.integers(len(LIPSTICKS))])
    half, smile, gap = person.mouth_width, person.smile, person.gap
    x = part.x - 0.4 * person.lopsided
    t = np.clip(np.abs(x) / half, 0, 1)
    bend = smile * (1.5 - 5.6 * t**1.8) + 0.35 * person.lopsided * x / half
    y = part.y - person.mouth_height - bend
    round_ = 1 - t**2
    opening = gap * np.clip(round_, 0, 1) ** mix(1.0, 0.62, max(smile, 0))
    top_of_gap, end_of_gap = -0.4 * opening, 0.6 * opening
    bow = 1 - 0.26 * np.exp(-((t / 0.13) ** 2)) + 0.1 * np.exp(-(((t - 0.26) / 0.14) ** 2))
    top = top_of_gap - person.upper_lip * np.clip(1 - t**1.5, 0, 1) * bow
    end = end_of_gap + person.lower_lip * np.clip(1 - t**2.3, 0, 1)
    ends = ramp(half + 0.8, half - 0.8, np.abs(x))
    _paint_lips(part, y, t, top, top_of_gap, end_of_gap, end, ends, person, light, stick, rng)
    if gap:
        _paint_inside(part, x, y, t, top_of_gap, end_of_gap, opening, person, tooth)
    seam = np.exp(-0.5 * ((y - 0.25 * np.cos(6 * t) * (gap == 0)) / 0.75) ** 2) if not gap else 0
    part.tint(linear((96, 40, 38)), 0.85 * seam * ramp(half + 1.5, half - 1.0, np.abs(x)))
    corner = bump(np.abs(x) - half, part.y - person.mouth_height + 4.4 * smile, 1.3, 1.1)
    part.tint(linear((124, 66, 58)), 0.7 * corner)
    part.tint(linear((186, 140, 130)), 0.55 * bump(x, y - end - 1.8, 0.55 * half, 1.2))


def _paint_lips(part, y, t, top, top_of_gap, end_of_gap, end, ends, person, light, stick, rng):
    a = person.a
    upper = inside(np.maximum(top - y, y - top_of_gap), 0.7) * ends
    lower = inside(np.maximum(end_of_gap - y, y - end), 0.7) * ends
    redness = np.array([0.86, 0.56, 0.6], np.float32) if not a["Male"] else np.array([0.86, 0.66, 0.66], np.float32)
    natural = person.skin * redness
    if a["Wearing_Lipstick"]:
        colour, strength = stick, 0.86
    else:
        colour, strength = (
            mix(natural, linear((150, 72, 72)), 0.22 * (1 - a["Male"]) + 0.06 + 0.2 * a["Big_Lips"]),
            0.68 + 0.14 * a["Big_Lips"],
        )
    creases = 1 + 0.16 * (Strands(rng)(part.x * 1.1 + 90, y * 0.12 + 5) - 0.5)
    fullness = np.clip((y - end_of_gap) / np.maximum(end - end_of_gap, 0.8), 0, 1)
    side_light = 1 + 0.16 * light.direction[0] * part.x / person.mouth_width
    part.paint((0.66 * colour)[:, None, None] * creases * side_light, upper * strength)
    glow = (1.12 - 0.42 * fullness**1.5) * creases * side_light
    part.paint(colour[:, None, None] * glow, lower * strength)
    wet = bump(part.x - 2.5 * light.direction[0], (fullness - 0.36) * 5, 5.5, 0.9) * lower
    gloss = 0.14 + 0.14 * a["Wearing_Lipstick"] + 0.08 * (1 - a["Male"])
    part.paint(linear((255, 236, 232)), gloss * wet * (0.6 + 0.8 * (creases - 0.9)))
    rim = np.exp(-0.5 * ((y - top + 0.9) / 0.6) ** 2) * (t < 0.6)
    part.tint(linear((272, 266, 262)), 0.5 * rim)


def _paint_inside(part, x, y, t, top_of_gap, end_of_gap, opening, person, tooth):
    mouth = inside(np.maximum(top_of_gap - y, y - end_of_gap), 0.6) * ramp(0.99, 0.9, t)
    part.paint(linear((58, 18, 20)), mouth)
    drop = opening * (0.86 if person.smile > 0.3 else 0.5)
    teeth = mouth * inside(y - top_of_gap - drop, 0.7) * ramp(0.95, 0.7, t)
    gaps = 1 - 0.16 * np.exp(-0.5 * ((np.mod(np.abs(x) + 1e-3, 3.6 - 0.9 * t) - 0.1) / 0.35) ** 2)
    shade = tooth * gaps * mix(0.95, 0.3, t**1.5) * ramp(-2.4, 2.2, y - top_of_gap)
    shade = shade * mix(0.72, 1.0, min(max(person.smile, 0), 1))
    part.paint(linear((236, 226, 212))[:, None, None] * np.maximum(shade, 0.25), teeth)
