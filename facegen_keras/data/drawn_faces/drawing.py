"""Drawing one frontal face in CelebA's frame from its 40 attributes."""

import numpy as np
from PIL import Image, ImageFilter

from facegen_keras.data.drawn_faces.beard import paint_beard
from facegen_keras.data.drawn_faces.canvas import (
    EYE_LINE,
    HEIGHT,
    MIDDLE,
    WIDTH,
    Canvas,
    bump,
    clouds,
    inside,
    linear,
    mix,
    ramp,
)
from facegen_keras.data.drawn_faces.features import paint_brows, paint_eyes, paint_mouth, paint_nostrils
from facegen_keras.data.drawn_faces.hair import Hair
from facegen_keras.data.drawn_faces.light import draw_light
from facegen_keras.data.drawn_faces.person import draw_person
from facegen_keras.data.drawn_faces.skin import Head, paint_age, paint_ears, paint_head, paint_neck
from facegen_keras.data.drawn_faces.wear import paint_clothes, paint_earrings, paint_glasses, paint_hat, paint_necklace

BACKGROUNDS = [
    ((62, 70, 84), (24, 28, 36)), ((196, 202, 208), (138, 148, 160)), ((150, 170, 190), (214, 206, 190)),
    ((96, 118, 84), (44, 62, 40)), ((132, 96, 72), (58, 40, 32)), ((180, 164, 146), (110, 94, 80)),
    ((40, 32, 38), (16, 14, 18)), ((150, 60, 56), (70, 26, 34)), ((70, 104, 150), (28, 46, 84)),
    ((226, 222, 216), (190, 186, 182)), ((120, 100, 140), (54, 44, 78)), ((198, 158, 104), (120, 80, 52)),
]  # fmt: skip


def draw_face(attributes, rng):
    """Draw one face.

    Equal generators give the same person in the same light; only what the attributes change differs.

    Args:
        attributes: dict of all 40 attribute names to 0 or 1, without contradictions.
        rng: numpy Generator; it decides all that the attributes leave open.

    Returns:
        uint8 array (218, 178, 3), RGB; eyes, nose and mouth are where CelebA's alignment puts them.

    Raises:
        KeyError: an attribute is missing.
    """
    a = attributes
    who, light_, hair_, skin_, eyes_, mouth_, beard_, wear_, glasses_, jewels_, place_ = rng.spawn(11)
    person, light = draw_person(a, who), draw_light(light_)
    canvas = _posed_canvas(person)
    _paint_background(canvas, place_)
    face = canvas.window(-56, -72, 56, 80)
    head, hair = Head(face, person), Hair(canvas, person, hair_)
    hatted, bald = a["Wearing_Hat"], a["Bald"]
    if not bald:
        hair.paint_back(light)
    paint_neck(canvas, person, light, skin_)
    if a["Wearing_Necklace"]:
        paint_necklace(canvas, person, jewels_)
    paint_clothes(canvas, person, light, wear_)
    paint_ears(canvas, person, light)
    paint_head(face, person, head, light, skin_)
    paint_age(canvas.window(-46, -40, 46, 52), person)
    paint_nostrils(canvas, person)
    paint_mouth(canvas, person, light, mouth_)
    paint_eyes(canvas, person, light, eyes_)
    paint_beard(face, person, head, light, beard_)
    paint_brows(canvas, person, skin_)
    if bald:
        hair.paint_stubble(light)
    else:
        hair.shade_face(light)
    if a["Eyeglasses"]:
        paint_glasses(canvas, person, light, glasses_)
    if not bald:
        hair.paint_front(light)
    if hatted:
        paint_hat(canvas, person, light, wear_)
    if a["Wearing_Earrings"]:
        paint_earrings(canvas, person, jewels_)
    return _finish(canvas.image, a, place_)


def _posed_canvas(person):
    """A black canvas whose coordinates follow the turn and tilt of the head."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    x, y = x - MIDDLE, y - EYE_LINE
    x, y = x + person.tilt * y, y - person.tilt * x
    near = 1.25 * bump(x, y - 14, 30, 38) + 0.3 * bump(x, y - 20, 8, 10) - 0.95
    turn, nod = person.yaw, person.pitch
    return Canvas(np.zeros((3, HEIGHT, WIDTH), np.float32), x - turn * near, y - nod * near)


def _paint_background(canvas, rng):
    first, second = (linear(colour) for colour in BACKGROUNDS[rng.integers(len(BACKGROUNDS))])
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    angle = rng.uniform(0, 6.28)
    slope = 0.5 + ((x - 89) * float(np.cos(angle)) + (y - 109) * float(np.sin(angle))) / 260
    slope = np.clip(slope + 0.16 * clouds(rng, 42, x), 0, 1)
    canvas.image[:] = mix(first[:, None, None], second[:, None, None], slope)
    for _ in range(int(rng.integers(0, 9)) * (rng.random() < 0.55)):
        across, down, radius = rng.uniform(0, WIDTH), rng.uniform(0, 0.8 * HEIGHT), rng.uniform(6, 17)
        glow = linear(tuple(rng.uniform(120, 255, 3))) * rng.uniform(0.4, 1)
        distance = np.hypot(x - across, y - down) - radius
        canvas.paint(glow, rng.uniform(0.15, 0.5) * inside(distance, 2.5))
    if rng.random() < 0.3:
        edge = rng.uniform(15, 160)
        canvas.tint(linear(tuple(rng.uniform(120, 200, 3))), ramp(-2.5, 2.5, (x - edge) * float(rng.choice([-1, 1]))))


def _finish(image, a, rng):
    """Apply tone, grain and the attribute Blurry: uint8 (218, 178, 3)."""
    image = image * rng.uniform(0.92, 1.1)
    over = np.clip(image - 0.7, 0, 0.6)
    image = np.minimum(image, 1.3) - over * over / 1.2  # highlights bend from 0.7 up, and reach white level
    shown = 255 * np.clip(image, 0, 1) ** np.float32(1 / 2.2)
    shown += 1.0 * rng.standard_normal((HEIGHT, WIDTH), dtype=np.float32)
    pixels = np.clip(shown + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    if a["Blurry"]:
        picture = Image.fromarray(np.ascontiguousarray(pixels)).filter(ImageFilter.GaussianBlur(rng.uniform(2.2, 3.2)))
        pixels = np.asarray(picture)
    return np.ascontiguousarray(pixels)
