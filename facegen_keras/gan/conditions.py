"""Attributes of a GAN's faces: what a batch has, what a sample is asked for, what pictures show, what changes."""

import logging

import numpy as np
import tensorflow as tf

from facegen_keras.data import attribute_statistics
from facegen_keras.data.attributes import ATTRIBUTES, resolve_attributes
from facegen_keras.gan.replicas import draw_share
from facegen_keras.networks.attribute_network import estimate_attributes, find_attribute_network

logger = logging.getLogger(__name__)

# The face that attributes are added to: without these, CelebA's plainest one is old and bearded.
PLAIN_FACE = {"No_Beard": 1, "Young": 1}


def check_inputs(gan):
    """ValueError unless the networks of a GAN fit each other, its latents and its attributes."""
    features, verdict, n = gan.discriminator.features, gan.discriminator.verdict, len(gan.attributes)
    first_inputs = {
        "generator": (gan.generator, gan.latent.shape),
        "discriminator of pictures": (features, (*gan.size, 3)),
        "discriminator of features": (verdict, tuple(features.output_shape[1:])),
    }
    for name, (model, first) in first_inputs.items():
        found = [tuple(read.shape[1:]) for read in model.inputs]
        reads_attributes = bool(n) if model is gan.generator else len(found) > 1
        expected = [first, *([(n,)] if reads_attributes else [])]
        if found != expected:
            raise ValueError(f"The {name} reads {found}: expected {expected}, what this GAN has for it.")


def check_batch(gan, data):
    """Return a batch (images, attributes) of the GAN's shapes; ValueError says how to load them."""
    if not isinstance(data, tuple) or len(data) != 2 or len(data[1].shape) != 2:
        raise ValueError("fit expects batches of (images (b, H, W, 3), attributes (b, n)): make them by load_faces.")
    images, attributes = data
    expected, n = (*gan.size, 3), len(gan.attributes)
    if tuple(images.shape[1:]) != expected:
        raise ValueError(
            f"The faces are {tuple(images.shape[1:])}, but this generator makes {expected}: load them with "
            f"load_faces(image_size={gan.size}), or by the recipe that built the GAN."
        )
    if n and attributes.shape[1] != n and not gan.random_attributes:
        raise ValueError(
            f"The faces come with {attributes.shape[1]} attributes, but this GAN has {n}: load them with "
            f"load_faces(attributes={list(gan.attributes)}), or by the recipe that built the GAN."
        )
    return images, attributes


def random_bits(gan, attributes):
    """Attributes (b, n) of 0 and 1, each as likely, for a training step on b real faces with attributes (b, k)."""

    def draw(count):
        return tf.random.stateless_uniform((count, len(gan.attributes)), gan.seed_of_step(1)) < 0.5

    return tf.cast(draw_share(draw, tf.shape(attributes)[0]), tf.float32)


def require_attributes(gan):
    """Do nothing where the generator has attributes; else raise a ValueError that says which generators have."""
    if not gan.attributes:
        raise ValueError(
            f"This {gan.recipe!r} generator has no attributes to ask for: use load_pretrained(), or a recipe that has "
            "attributes, such as modern."
        )


def sample_attributes(gan, count, attributes=None, seed=0):
    """Attribute vectors for `FaceGAN.sample`.

    Args:
        gan: a `FaceGAN`.
        count: how many.
        attributes: None, or a dict of name to strength in [0, 1], `{"Male": 1, "Smiling": 0.5}`; what it does
            not name is drawn as it goes with the rest in CelebA, or, of other names than CelebA's, in the data set that
            the GAN was trained on (before that: each of them with a probability of a half). Or an array (n,) or
            (count, n).
        seed: of what is left to chance.

    Returns:
        float32 array (count, n).

    Raises:
        ValueError: an attribute this generator does not have, or a strength outside 0..1.
    """
    if attributes is None or isinstance(attributes, dict) and not attributes:
        return _complete(gan, {}, count, seed)
    require_attributes(gan)
    if isinstance(attributes, dict):
        return _complete(gan, attributes, count, seed)
    given, n = np.asarray(attributes, np.float32), len(gan.attributes)
    if given.shape not in ((n,), (count, n)):
        raise ValueError(
            f"attributes has shape {given.shape}: expected a dict, ({n},) or ({count}, {n}) for "
            f"{', '.join(gan.attributes)}."
        )
    _check_strengths(given)
    return np.broadcast_to(given, (count, n)).copy()


def _complete(gan, strengths, count, seed):
    """Vectors (count, n) of the given strengths; the other attributes are drawn."""
    names = resolve_attributes(list(strengths), known=gan.attributes)
    _check_strengths(list(strengths.values()))
    certain = {name: strength for name, strength in strengths.items() if strength in (0, 1)}
    if gan.random_attributes or (has_own_labels(gan) and gan.label_statistics is None):
        vectors = np.random.default_rng(seed).integers(0, 2, (count, len(gan.attributes)))
    elif has_own_labels(gan):
        vectors = gan.label_statistics.sample(count, seed, given=certain)
    else:
        drawn = attribute_statistics.sample_attributes(count, seed, given=certain)
        vectors = drawn[:, [ATTRIBUTES.index(name) for name in gan.attributes]]
    vectors = vectors.astype(np.float32)
    for name in names:
        vectors[:, gan.attributes.index(name)] = strengths[name]
    return vectors


def has_own_labels(gan):
    """Whether some of a GAN's attributes are not CelebA's, so that CelebA's statistics say nothing about them."""
    return not set(gan.attributes) <= set(ATTRIBUTES)


def implied_by(gan, changes):
    """Which of a GAN's attributes follow from a change of others: a dict of name to value, 0 or 1.

    By CelebA (`implied_attributes`), or, of other names, by the data set that it was trained on (`LabelStatistics`).
    A strength over a half implies what the attribute does, any other what its absence does.
    """
    changes = {name: int(strength > 0.5) for name, strength in changes.items()}
    if not has_own_labels(gan):
        implied = attribute_statistics.implied_attributes(changes)
    else:
        implied = gan.label_statistics.implied(changes) if gan.label_statistics else {}
    return {name: value for name, value in implied.items() if name in gan.attributes}


def plain_face(gan):
    """The face that attributes are added to: a dict of each attribute of a GAN to 0 or 1."""
    plain = [PLAIN_FACE.get(name, 0) for name in gan.attributes]
    if has_own_labels(gan) and gan.label_statistics:
        plain = gan.label_statistics.plain
    return {name: float(value) for name, value in zip(gan.attributes, plain)}


def explain_unread(gan):
    """Why no network reads a GAN's attributes off pictures; None where one does (see `FaceGAN.attribute_network`)."""
    known = find_attribute_network(gan.attribute_network).attributes if gan.attribute_network else ATTRIBUTES
    if not (unread := [name for name in gan.attributes if name not in known]):
        return None
    return (
        f"The attribute network ({gan.attribute_network or 'the shipped one, of CelebA'}) does not read "
        f"{', '.join(unread)} off pictures: train one that does (train_attribute_network), and set "
        "gan.attribute_network to its file."
    )


def read_attributes(gan, pictures):
    """Which of the GAN's attributes pictures show, by `estimate_attributes`: float32 (count, n) of 0 and 1.

    Its `attribute_network` reads them, or, for a GAN that reads pictures by itself, the one that it reads them by.
    Where none does: how often they occur in the data set that the GAN was trained on, and a warning.
    """
    if not gan.reads_pictures and (unread := explain_unread(gan)):
        logger.warning("%s Until then, each is taken at its frequency.", unread)
        known = gan.label_statistics
        frequencies = known.frequencies if known else np.full(len(gan.attributes), 0.5, np.float32)
        return np.tile(frequencies, (len(pictures), 1))
    network = find_attribute_network(None if gan.reads_pictures else gan.attribute_network)
    columns = [network.attributes.index(name) for name in gan.attributes]
    return np.rint(estimate_attributes(pictures, network)[:, columns]).astype(np.float32)


def change_attributes(gan, source_attributes, changes):
    """Attributes with some changed.

    Args:
        gan: a `FaceGAN`.
        source_attributes: float array (count, n) of what pictures show.
        changes: dict of name to strength in [0, 1]; what they imply (`implied_by`) is changed, too.

    Returns:
        float32 array (count, n).

    Raises:
        ValueError: see `sample_attributes`.
    """
    resolve_attributes(list(changes), known=gan.attributes)
    _check_strengths(list(changes.values()))
    target_attributes = np.array(source_attributes, np.float32)
    for name, strength in (implied_by(gan, changes) | changes).items():
        target_attributes[:, gan.attributes.index(name)] = strength
    return target_attributes


def _check_strengths(values):
    values = np.asarray(values, np.float32)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"attribute strengths {values.tolist()}: each must be between 0 (absent) and 1 (present).")
