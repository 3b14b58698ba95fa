"""The head, its ears and neck: outline, relief and skin."""

import numpy as np

from facegen_keras.data.drawn_faces.canvas import (
    blur,
    bump,
    clouds,
    curve,
    ellipse,
    inside,
    linear,
    mix,
    ramp,
    stroke,
    tones,
    wide_blur,
)
from facegen_keras.data.drawn_faces.light import lit, normals, shine

FACE_CENTRE = 2.0  # the outline is described by its radius around this height


class Head:
    """The outline of a person's head on the canvas.

    Attributes:
        distance: signed distance to the outline in pixels, negative within, (height, width).
        level: distance from the centre as a share of the outline's, 0 to 1 at the outline.
    """

    def __init__(self, canvas, person):
        points = curve(person.outline, steps=6)
        angles = np.arctan2(points[:, 0], FACE_CENTRE - points[:, 1])
        radii = np.hypot(points[:, 0], points[:, 1] - FACE_CENTRE)
        angle = np.arctan2(np.abs(canvas.x), FACE_CENTRE - canvas.y)
        radius = np.hypot(canvas.x, canvas.y - FACE_CENTRE)
        edge = np.interp(angle, angles, radii).astype(np.float32)
        self.distance = radius - edge
        self.level = radius / edge


def relief(canvas, person, head):
    """Heights of the face in pixels, (height, width); smooth, 0 at the outline."""
    x, y, a = canvas.x, canvas.y, person.a
    side = np.abs(x)
    z = 44 * np.sqrt(np.clip(1.02 - head.level**2.3, 0, 1))
    z += (0.7 + 2.0 * a["Male"]) * bump(side - 18, y + 10.5, 11, 4.5)
    z -= 4.6 * bump(side - person.eye_gap + 1, y + 0.5, 10, 6)
    z += 2.6 * bump(side - person.eye_gap, y, 7.5, 5)
    z -= 1.6 * bump(side - 41, y + 27, 6, 11)
    z += _nose(x, y, side, person)
    z += _cheeks(x, y, side, person)
    z += _mouth(x, y, person)
    end = person.outline[-1, 1]
    z += 3.2 * bump(x, y - end + 8, 9 + 1.5 * a["Male"], 6)
    if a["Double_Chin"]:
        z -= 6.0 * np.exp(-0.5 * ((y - end + 5.5 + x * x / 60) / 1.8) ** 2) * ramp(27, 18, side)
    return z


def _nose(x, y, side, person):
    end, width = person.nose_length, person.nose_width
    tip = end - 3.5
    point = min(max(person.nose_point, 0), 1)
    along = np.clip((y + 8) / (tip + 8), 0, 1)
    height = (2.2 + (8.3 + 1.8 * point) * along**1.2) * ramp(-14, -4, y) * ramp(end + 4.5, tip + 1.5, y)
    ridge = height * np.exp(-(np.abs(x / mix(person.nose_bridge, 0.56 * width, along)) ** 2.2))
    ball = mix(5.0, 3.2, point)
    wings = 3.4 * bump(side - 0.76 * width, y - end + 1.2, 0.3 * width, 3.4)
    return 0.8 * ridge + 3.4 * bump(x, y - tip, ball, ball) + wings


def _cheeks(x, y, side, person):
    a, smile = person.a, max(person.smile, 0)
    lift = 2.5 * smile + 2 * a["High_Cheekbones"]
    apple = (2.6 + 2.6 * smile + 2.0 * a["High_Cheekbones"] + 3.0 * a["Chubby"]) * bump(
        side - 25 - smile, y - 18 + lift, 10.5, 9.5
    )
    hollow = (1.2 + 3.2 * a["High_Cheekbones"] + 0.8 * a["Male"] - 2.4 * a["Chubby"]) * bump(side - 33, y - 34, 7, 11)
    depth = 0.3 + 1.7 * smile + 1.5 * person.age + 0.5 * a["Chubby"]
    wing, corner = person.nose_width + 1.5, person.mouth_width + 3.5 + smile
    fold = stroke(
        side,
        y,
        curve([(wing, person.nose_length - 2), (mix(wing, corner, 0.65), 31.5), (corner, person.mouth_height - 1)], 2),
        1.9,
    )
    return apple - hollow - depth * fold


def _mouth(x, y, person):
    middle = person.mouth_height
    z = 3.0 * bump(x, y - middle, person.mouth_width, 10)
    z -= 1.0 * bump(x, y - mix(person.nose_length, middle, 0.55), 1.7, 3.4)
    z -= 2.3 * bump(x, y - middle - 4.6 - person.lower_lip - 0.6 * person.gap, 9.5, 2.6)
    return z - 1.4 * bump(np.abs(x) - person.mouth_width - 1.5, y - middle + 1.5 * person.smile, 2.6, 3.2)


def paint_head(canvas, person, head, light, rng):
    """Paint the skin of the head, shaded by its relief."""
    a = person.a
    z = relief(canvas, person, head)
    soft = blur(z, 0.8)
    surface = normals(soft)
    colour = _complexion(canvas, person, rng, rng.spawn(1)[0]) * lit(surface, light)
    hollow = np.clip(wide_blur(soft, 3.2) - soft, 0, 2.2) / 2.2
    wide = np.clip(wide_blur(np.where(head.distance < 0, soft, 12), 8) - soft, 0, 5) / 5
    colour *= 1 - tones(0.34, 0.5, 0.54) * (0.55 * hollow + 0.45 * wide)
    side = -float(np.sign(light.direction[0]))
    cast = bump(
        canvas.x - side * (person.nose_width * 0.5 + 2),
        canvas.y - person.nose_length - 4.5,
        person.nose_width * 0.75,
        2.8,
    )
    colour *= 1 - tones(0.2, 0.3, 0.32) * cast
    oil = 0.11 - 0.02 * person.darkness - 0.05 * a["Heavy_Makeup"]
    pores = clouds(rng, 2.0, canvas.x)
    broad = shine(surface, light)
    gloss = oil * broad**4 * (1 + 0.15 * pores) + 0.05 * broad
    colour += gloss * light.key[:, None, None]
    colour *= 1 + 0.012 * pores * (1.4 - a["Attractive"]) + 0.025 * clouds(rng, 14, canvas.x)
    canvas.paint(colour, inside(head.distance, 0.8))


def _complexion(canvas, person, rng, spots):
    """Skin colour before light, (3, height, width): redder cheeks, nose and lids, stubble, freckles, make-up."""
    x, y, a = canvas.x, canvas.y, person.a
    side = np.abs(x)
    red = 0.5 * bump(side - 27, y - 20, 11, 10) + 0.55 * bump(x, y - person.nose_length + 2, 8, 6)
    red += 0.3 * bump(x, y - 60, 12, 8) + 0.35 * bump(side - 49, y - 8, 4, 14)
    red += 0.3 * bump(side - person.eye_gap, y + 3, 12, 6) + 0.06 * clouds(rng, 9, canvas.x)
    red *= 1 - 0.35 * a["Pale_Skin"]
    skin = person.skin[:, None, None] * (1 - tones(0.02, 0.2, 0.2) * red)
    if a["High_Cheekbones"]:
        skin = skin * (1 - tones(0.34, 0.42, 0.44) * stroke(side, y, [(40, 20), (25, 34)], 3.2))
        skin = skin * (1 + 0.2 * bump(side - 31, y - 13, 9, 3.5))
    blush = bump(side - 29, y - 17, 9, 7)
    if a["Rosy_Cheeks"]:
        skin = skin * (1 - tones(0.0, 0.44, 0.36) * blush)
    elif a["Heavy_Makeup"]:
        skin = skin * (1 - tones(0.03, 0.24, 0.19) * bump(side - 33, y - 17, 9, 6))
    if spots.random() < 0.3 * (person.darkness < 0.2) * (1 - a["Heavy_Makeup"]):
        freckles = ramp(1.5, 2.4, clouds(spots, 1.8, x)) * (bump(side - 20, y - 15, 15, 9) + 0.3)
        skin = skin * (1 - tones(0.12, 0.22, 0.26) * freckles)
    return skin


def paint_age(canvas, person):
    """Wrinkles of the old, bags under the eyes and crow's feet."""
    x, y, a, age = canvas.x, canvas.y, person.a, person.age
    side = np.abs(x) - person.eye_gap
    shade = linear((196, 150, 138))
    bag = stroke(side, y, curve([(-8, 5.5), (-2, 9.3), (5, 8.6), (9, 5)], 3), 1.5)
    above = bump(side + 0.5, y - 6.2, 7, 1.5)
    strength = 0.85 if a["Bags_Under_Eyes"] else 0.22 + 0.25 * max(0, age - 0.4)
    canvas.tint(linear((166, 124, 132)), strength * bag)
    canvas.tint(linear((278, 272, 266)), 0.8 * strength * a["Bags_Under_Eyes"] * above)
    if age < 0.5:
        return
    amount = 1.6 * (age - 0.35)
    for level in (-37, -30, -24):
        wave = y - level - 1.2 * np.cos(x / 9 + level) + x * x / 500
        canvas.tint(shade, 0.36 * amount * np.exp(-0.5 * (wave / 1.0) ** 2) * ramp(31, 16, np.abs(x)))
    for rise in (-3.5, 0, 3.5):
        foot = stroke(side, y, [(11.5, 0.5 + 0.5 * rise), (17, 1 + 1.5 * rise)], 0.75)
        canvas.tint(shade, 0.7 * amount * foot)
    canvas.tint(shade, 0.5 * amount * stroke(np.abs(x), y, [(2.6, -13), (2.1, -6)], 0.7))
    jowl = stroke(np.abs(x), y, curve([(19, 44), (22, 52), (20, 59)], 3), 1.8)
    canvas.tint(shade, 0.6 * amount * jowl)


def paint_ears(canvas, person, light):
    """Both ears, behind the head."""
    canvas = canvas.window(-56, -8, 56, 26)
    edge = person.outline[4, 0]
    x, y = np.abs(canvas.x) - edge + 0.6, canvas.y - 9
    lean = x - 0.14 * -y
    distance = ellipse(lean, y + 1, mix(5.4, 3.8, ramp(-4, 12, y)), 13.5)
    heights = 5 * np.sqrt(np.clip(-distance / 4, 0, 1)) - 2.6 * bump(lean - 0.8, y + 2, 1.7, 7.5)
    skin = person.skin[:, None, None] * tones(1.0, 0.83, 0.8)
    inner = 1 - 0.45 * bump(lean - 0.2, y + 1, 1.8, 7)
    canvas.paint(0.85 * skin * inner * lit(normals(heights), light), inside(distance))


def paint_neck(canvas, person, light, rng):
    """Neck and shoulders, with the shadow of the chin."""
    canvas = canvas.window(-90, 40, 90, 110)
    x, y = canvas.x, canvas.y
    width = person.neck + 1.5 * np.clip((y - 72) / 8, 0, None) ** 2
    shoulder = 92 - 0.02 * person.neck + 0.22 * np.clip(np.abs(x) - person.neck, 0, None)
    distance = np.where(y > shoulder, -4, np.abs(x) - width)
    round_ = 30 * np.sqrt(np.clip(1.02 - (x / np.maximum(width, 46 * ramp(84, 104, y) + 1)) ** 2, 0, 1))
    sinew = 2.2 * stroke(np.abs(x), y, [(person.neck * 0.72, 70), (7, 104)], 3.2) - 1.6 * bump(x, y - 103, 5, 4)
    end = float(person.outline[-1, 1])
    colour = (
        0.92 * person.skin[:, None, None] * lit(normals(round_ + sinew), light) * (1 + 0.03 * clouds(rng, 12, canvas.x))
    )
    lean = 4 * np.sign(light.direction[0])
    under = ramp(1.06, 0.86, np.hypot((x + lean) / (person.outline[7, 0] + 4), (y - end + 24) / 38))
    colour *= 1 - tones(0.5, 0.62, 0.64) * under
    if person.a["Double_Chin"]:
        level = y - end + x * x / 130
        fold = ramp(36, 24, np.abs(x))
        colour *= 1 + fold * (
            1.0 * np.exp(-0.5 * ((level - 5) / 3.2) ** 2) - 0.4 * np.exp(-0.5 * ((level - 11) / 1.8) ** 2)
        )
    canvas.paint(colour, inside(distance, 1.0) * ramp(30, 40, y))
