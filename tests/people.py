"""Drawn faces as the models see them, for tests that need faces of a kind."""

import numpy as np
from PIL import Image

import facegen_keras as fg
from drawn_faces import draw_face
from facegen_keras.attribute_statistics import draw_attributes


def draw_people(count, given=None, seed=7):
    """`count` people with `given` attributes: uint8 (count, 64, 64, 3)."""
    vectors = draw_attributes(count, seed, given=given or {})
    people = [
        draw_face(dict(zip(fg.ATTRIBUTES, row.tolist())), np.random.default_rng([seed, i]))
        for i, row in enumerate(vectors)
    ]
    framed = [Image.fromarray(person).crop((15, 35, 163, 183)).resize((64, 64)) for person in people]
    return np.stack([np.asarray(person) for person in framed])
