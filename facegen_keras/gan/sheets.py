"""Sheets of faces that show what a generator has learnt: attribute by attribute, or from one face to another."""

import numpy as np

from facegen_keras.checks import check_whole
from facegen_keras.data.attributes import resolve_attributes
from facegen_keras.gan.conditions import change_attributes, implied_by, plain_face
from facegen_keras.gan.inversion import add_difference, invert
from facegen_keras.gan.latents import slerp


def attribute_sheet(gan, attributes=None, count=8, base=None, seed=0):
    """Draw the same latents with one attribute changed at a time.

    Args:
        gan: a conditional `FaceGAN`.
        attributes: names of the rows; by default all of the generator's.
        count: latents, one a column.
        base: dict of the attributes that all rows share; by default a young face without a beard, or, of labels of
            one's own, what is plainest in the data set.
        seed: of the latents.

    Returns:
        uint8 array (rows, count, H, W, 3), and a title for each row: first the base, then one row for each
        attribute, turned on or, where the base has it on, off ("not Young"), with what that implies (see
        `implied_by`). Labels of which each face has exactly one have a row each, and no base.

    Raises:
        ValueError: the generator has no such attribute, or none at all.
    """
    names = resolve_attributes(attributes, known=gan.attributes) or gan.attributes
    if base is None and gan.label_statistics and gan.label_statistics.are_classes:
        rows = {name: {name: 1} for name in names}
    else:
        base = plain_face(gan) if base is None else base
        resolve_attributes(list(base), known=gan.attributes)
        rows = {"base": base}
        for name in names:
            change = {name: 1 - base.get(name, 0)}
            rows[describe_changes(change)] = base | implied_by(gan, change) | change
    latents = gan.sample_latents(count, seed)
    vectors = [[strengths.get(name, 0) for name in gan.attributes] for strengths in rows.values()]
    return np.stack([gan.sample(attributes=vector, latents=latents) for vector in vectors]), list(rows)


def refinement_sheet(gan, pictures, changes, seed=0, verbose=0, tune=0, keep_detail=False):
    """Change each face in several ways, one at a time.

    Args:
        gan: a conditional `FaceGAN`.
        pictures: uint8 array (n, H, W, 3) of the generator's size.
        changes: dicts of name to strength, `[{"Smiling": 1}, {"Eyeglasses": 1, "Young": 0}]`.
        seed, verbose, tune, keep_detail: as for `FaceGAN.refine`.

    Returns:
        uint8 array (n, 2 + changes, H, W, 3): each picture, what the generator redraws of it unchanged, and its
        changes; and a title for each column.
    """
    inversion = invert(gan, pictures, seed=seed, verbose=verbose, tune=tune)
    targets = [inversion.attributes, *(change_attributes(gan, inversion.attributes, change) for change in changes)]
    drawn = [inversion.gan.sample(attributes=target, latents=inversion.latents) for target in targets]
    if keep_detail:
        drawn = add_difference(pictures, inversion.pictures, drawn)
    titles = ["original", "redrawn", *map(describe_changes, changes)]
    return np.stack([pictures, *drawn], axis=1), titles


def describe_changes(changes):
    """{"Smiling": 1, "Young": 0} -> "Smiling, not Young"."""
    words = {1: "{}", 0: "not {}"}
    return ", ".join(words.get(strength, f"{{}} {strength}").format(name) for name, strength in changes.items())


def interpolation(gan, steps=8, attributes=None, to_attributes=None, seed=0, to_seed=1):
    """Draw the way from one face to another: latents along the sphere, attributes in a straight line.

    Args:
        gan: a `FaceGAN`.
        steps: faces on the way, both ends counted, at least 2.
        attributes, to_attributes: of the two ends, as for `FaceGAN.sample`; the second by default as the first.
        seed, to_seed: of the two latents; equal ones change the attributes alone.

    Returns:
        uint8 array (steps, H, W, 3).

    Raises:
        ValueError: fewer than two steps, or as `FaceGAN.sample` of attributes.
    """
    steps = check_whole("steps", steps, 2)
    latents = slerp(gan.sample_latents(1, seed)[0], gan.sample_latents(1, to_seed)[0], steps)
    if not gan.attributes:
        return gan.sample(attributes=attributes or to_attributes, latents=latents)
    start = gan.sample_attributes(1, attributes, seed)[0]
    end = start if to_attributes is None else gan.sample_attributes(1, to_attributes, seed)[0]
    return gan.sample(attributes=np.linspace(start, end, steps), latents=latents)
