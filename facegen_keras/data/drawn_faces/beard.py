"""Beards, moustaches and stubble."""

import numpy as np

from facegen_keras.data.drawn_faces.canvas import Strands, clouds, inside, linear, ramp, stroke


def paint_beard(canvas, person, head, light, rng):
    """Moustache, goatee, sideburns, beard or stubble, as the attributes say."""
    a = person.a
    fine = Strands(rng)
    patch = clouds(rng, 3.0, canvas.x)
    x, y = canvas.x, canvas.y
    side = np.abs(x)
    if not (a["5_o_Clock_Shadow"] or a["Goatee"] or a["Mustache"] or a["Sideburns"] or not a["No_Beard"]):
        return
    lips = _mouth_room(side, y, person)
    jaw = ramp(-20, -7, head.distance) * ramp(10, 34, y - 0.12 * side + 4)
    jaw = np.maximum(jaw, ramp(46, 54, y)) * inside(head.distance - 0.5, 1.5)
    jaw = np.maximum(jaw, _moustache(side, y, person) * 0.9) * lips
    hairs = fine(1.5 * (x + 0.25 * np.sign(x) * (y - 40)) + 60, 0.22 * y + 10)
    named = a["Goatee"] or a["Mustache"] or a["Sideburns"]
    if a["5_o_Clock_Shadow"] or not (a["No_Beard"] or named):
        full = not a["5_o_Clock_Shadow"]
        dots = np.clip(0.88 + 0.12 * clouds(rng, 1.4, canvas.x), 0, 1)
        canvas.tint(linear((140, 132, 134)), (0.5 if full else 0.8) * jaw * dots)
    else:
        full = False
    tone = np.minimum(person.hair, linear((190, 190, 190) if a["Gray_Hair"] else (168, 124, 72)))  # nobody dyes a beard
    colour = (0.7 * tone * light.key)[:, None, None] * (0.5 + 0.8 * hairs)
    cover = np.zeros_like(x)
    if full:
        cover = jaw * ramp(-1.2, 0.3, 0.6 * patch + 3.2 * (jaw - 0.55))
    if a["Mustache"]:
        cover = np.maximum(cover, _moustache(side, y, person))
    if a["Goatee"]:
        cover = np.maximum(cover, _goatee(side, y, person) * lips)
    if a["Sideburns"]:
        strip = np.abs(head.distance + 4.0 - 0.05 * (y - 10)) - 4.2
        cover = np.maximum(cover, inside(strip + 0.25 * patch, 1.8) * ramp(-30, -24, y) * ramp(30, 22, y + patch))
    canvas.paint(colour, cover * np.clip(0.74 + 0.4 * hairs, 0, 0.97))


def _mouth_room(side, y, person):
    """1 where hair may grow, 0 on the lips."""
    middle = person.mouth_height + 0.1 * person.gap - person.smile * 1.2 * (side / person.mouth_width) ** 2
    height = 0.5 * (person.upper_lip + person.lower_lip + person.gap) + 0.6
    shape = np.hypot(
        side / (person.mouth_width + 1.0), (y - middle - 0.5 * (person.lower_lip - person.upper_lip)) / height
    )
    return ramp(0.96, 1.12, shape)


def _moustache(side, y, person):
    top = person.nose_length + 3.2
    low = person.mouth_height - person.upper_lip * 0.75 - 0.38 * person.gap
    droop = 0.008 * side**2 - 2.2 * max(person.smile, 0) * (side / person.mouth_width) ** 2
    tall = ramp(top - 1.2, top + 1.6, y - droop - 0.02 * side) * ramp(low + 1.6, low - 1.0, y - 1.6 * droop)
    return tall * ramp(person.mouth_width + 3.5, person.mouth_width - 2, side)


def _goatee(side, y, person):
    end = person.outline[-1, 1]
    low = person.mouth_height + person.lower_lip + 0.6 * person.gap
    chin = (
        ramp(14.5, 9.5, side + 0.14 * (y - low))
        * ramp(low + 1.2, low + 4.5, y + 0.02 * side**2)
        * ramp(end + 2.5, end - 0.5, y + 0.03 * side**2)
    )
    link = stroke(
        side,
        y,
        [(person.mouth_width + 2.2, person.mouth_height - 2), (person.mouth_width + 1.5, low + 3), (11, end - 7)],
        2.0,
    )
    return np.clip(chin + 0.9 * link, 0, 1)
