"""Training the network that reads attributes, and testing it on people whom it was not trained on."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from PIL import Image

from facegen_keras.data.attributes import ATTRIBUTES, resolve_attributes
from facegen_keras.data.celeba import load_arrays, load_attributes, load_identities
from facegen_keras.data.images import CELEBA_SIZE, CROP
from facegen_keras.data.layouts import tell_source
from facegen_keras.files import write_atomically
from facegen_keras.networks.attribute_network import (
    NAMES,
    SIZE,
    WIDTH,
    build_attribute_network,
    read_probabilities,
)
from facegen_keras.networks.dtype_policy import choose_dtype_policy
from facegen_keras.networks.weight_file import compress_network

NARROWEST, WIDEST = 108, CELEBA_SIZE[0]  # width of the training crops, in CelebA's pixels
ATTACK = 1.25  # length of the step to where the network errs, in radii
LOADED_SIZE = 96  # side in pixels of the training faces before that crop


def train_attribute_network(
    out, data=None, epochs=40, images=None, held_out=0.15, batch_size=128, width=WIDTH, radius=0.0, seed=0, verbose=1,
    attributes=None,
):  # fmt: skip
    """Train the network, test it on people whom it was not trained on, and save its weights and its model card.

    In the loss, the faces with an attribute weigh as much in all as the faces without it. A value that fewer than 5 %
    of the faces have weighs as if 5 % had it.

    Args:
        out: the `.npz` file to write; the card is written beside it, with the suffix `.md`.
        data: the folder of faces, as for `load_faces`. `identity_CelebA.txt` in it says who is on each picture;
            without that file, each picture counts as another person.
        epochs: how many times each face is seen.
        images: how many faces to use, or which share of them, as for `load_arrays`; None uses all.
        held_out: the share of the people that it is tested on.
        batch_size: faces in a batch.
        width: as for `build_attribute_network`.
        radius: how far, in light from 0 to 1, each value of a training face is moved to where the network errs. One
            that learnt so, at 4 / 255 for example, is not fooled by patterns that nobody sees, and what raises its
            verdict looks like the attribute (Santurkar et al. 2019): it can guide an `editor`. It takes twice as long.
        seed: what the choice of faces and people, the initial weights and the order follow from.
        verbose: as for `fit`.
        attributes: names of what it shall read, of CelebA's attributes or of labels of your own; None for all that the
            faces have.

    Returns:
        DataFrame with a row for each attribute that some, but not all, of the test faces show: `balanced_accuracy`,
        `frequency` and the number of test `faces` that show it.

    Raises:
        ValueError: `out` does not end in `.npz`, `held_out` leaves nobody to train or to test on, `radius` is none, or
            the faces have no such attributes.
        FileNotFoundError: as `load_faces`.
    """
    out = Path(out)
    if out.suffix != ".npz":
        raise ValueError(f"out={str(out)!r}: expected the name of an .npz file, such as attribute_network.npz.")
    if not 0 <= radius < 1:
        raise ValueError(f"radius={radius!r}: expected a distance from 0 to 1, such as 4 / 255.")
    names = tuple(load_attributes(data)) if attributes is None else resolve_attributes(attributes)
    names = ATTRIBUTES if set(names) == set(ATTRIBUTES) else names  # in their usual order
    pictures, table = load_arrays(images, LOADED_SIZE, names, data=data, split="all", crop=WIDEST, seed=seed)
    identities = load_identities(data)
    people = (table.index.to_series() if identities is None else identities.reindex(table.index)).to_numpy()
    tests = hold_out(people, held_out, seed)
    keras.utils.set_random_seed(seed)
    network = _fit(pictures[~tests], table[~tests].astype(np.float32), epochs, batch_size, width, radius, verbose)
    scores = _score(network, crop_centre(pictures[tests]), table[tests])
    faces = f"{(~tests).sum():,} faces", f"{tests.sum():,} faces"
    with write_atomically(out) as file:
        np.savez_compressed(file, **compress_network(network) | {NAMES: np.array(network.attributes)})
    with write_atomically(out.with_suffix(".md")) as file:
        card = _card(scores, names, *faces, epochs, radius, None if identities is None else people, tell_source(data))
        file.write_text(card, encoding="utf-8")
    return scores


def hold_out(people, share, seed):
    """Choose a random share of the people, to test on.

    Args:
        people: array (n,): who is on each picture.
        share: the share of the people, more than 0 and less than 1; at least one person is chosen.
        seed: what the choice follows from.

    Returns:
        bool array (n,): whether a picture shows one of the chosen people.

    Raises:
        ValueError: `share` leaves nobody to train or to test on.
    """
    names = np.unique(people)
    count = max(1, round(share * len(names))) if share > 0 else 0
    if not 0 < count < len(names):
        raise ValueError(
            f"held_out={share!r} of {len(names):,} people: expected a share such as 0.15, which leaves people to train "
            "on and people to test on."
        )
    return np.isin(people, np.random.default_rng(seed).choice(names, count, replace=False))


def _fit(pictures, table, epochs, batch_size, width, radius, verbose):
    values = table.to_numpy()
    frequency = np.clip(values.mean(axis=0), 0.05, 0.95).astype(np.float32)
    batch_size = min(batch_size, len(pictures))
    steps = len(pictures) // batch_size

    def loss(targets, logits):
        weight = targets / (2 * frequency) + (1 - targets) / (2 * (1 - frequency))
        return tf.reduce_mean(weight * tf.nn.sigmoid_cross_entropy_with_logits(targets, logits))

    network = build_attribute_network(choose_policy(), width, tuple(table))
    trained = _Attacked(network, radius) if radius else network
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps * epochs)
    trained.compile(keras.optimizers.AdamW(rate, weight_decay=1e-2), loss, jit_compile=False)
    batches = shuffled_batches(pictures, batch_size, lambda images, rows: (augment(images), tf.gather(values, rows)))
    trained.fit(batches, shuffle=False, epochs=epochs, verbose=verbose)
    network = build_attribute_network(width=width, attributes=tuple(table))
    network.set_weights(trained.get_weights())
    return network


class _Attacked(keras.Model):
    """Trains a network on images that were moved to where it errs (see `move_to_errors`)."""

    def __init__(self, network, radius):
        super().__init__(network.inputs, network.outputs, name="attacked")
        self.radius = radius

    def train_step(self, batch):
        images, targets = batch

        def loss(images):
            return self.compute_loss(y=targets, y_pred=self(images, training=False))

        return super().train_step((move_to_errors(images, loss, self.radius), targets))


def move_to_errors(images, loss, radius):
    """Move images to where a loss is higher: from a random start, one step of the sign of its slope (Wong et al. 2020).

    Args:
        images: float32 (b, H, W, 3).
        loss: function of such images to a scalar.
        radius: how far each value moves at most.

    Returns:
        float32 (b, H, W, 3).
    """
    moves = tf.random.uniform(tf.shape(images), -radius, radius)
    with tf.GradientTape() as tape:
        tape.watch(moves)
        value = loss(images + moves)
    moves += ATTACK * radius * tf.sign(tape.gradient(value, moves))
    return images + tf.clip_by_value(moves, -radius, radius)


def choose_policy():
    """The dtype policy that the network is trained in."""
    policy = choose_dtype_policy("auto")
    return "float32" if policy == "mixed_float16" else policy  # float16 would need a loss scale


def shuffled_batches(pictures, batch_size, prepare):
    """A tf.data.Dataset of full batches of pictures, in another order each epoch.

    Args:
        pictures: uint8 array (n, H, W, 3); it is not copied.
        batch_size: at most n.
        prepare: function from a batch, uint8 (b, H, W, 3), and its positions in `pictures`, int64 (b,), to what `fit`
            expects.
    """
    rows = tf.data.Dataset.range(len(pictures)).shuffle(len(pictures)).batch(batch_size, drop_remainder=True)

    def fetch(rows):
        images = tf.numpy_function(lambda rows: pictures[rows], [rows], tf.uint8)
        return prepare(tf.ensure_shape(images, (batch_size, *pictures.shape[1:])), rows)

    return rows.map(fetch, num_parallel_calls=2).prefetch(2)


def augment(pictures):
    """Crop each picture at random, flip it or not, and change its contrast and light.

    Args:
        pictures: uint8 (b, 96, 96, 3), whose width is 178 of CelebA's pixels.

    Returns:
        float32 (b, 64, 64, 3) in [0, 1]: square crops near the middle, 108 to 178 of CelebA's pixels wide; each is
        flipped with probability 1/2.
    """
    count = tf.shape(pictures)[0]
    side = tf.random.uniform((count, 1), NARROWEST / WIDEST, 1.0)
    slack = (1 - side) / 2
    top = slack * (1 + tf.random.uniform((count, 1), -0.5, 0.5))
    left = slack * (1 + tf.random.uniform((count, 1), -0.5, 0.5))
    boxes = tf.concat([top, left, top + side, left + side], axis=1)
    flipped = tf.random.uniform((count, 1)) < 0.5
    boxes = tf.where(flipped, tf.gather(boxes, [0, 3, 2, 1], axis=1), boxes)  # from right to left
    images = tf.image.crop_and_resize(tf.cast(pictures, tf.float32) / 255, boxes, tf.range(count), (SIZE, SIZE))
    contrast = tf.random.uniform((count, 1, 1, 1), 0.8, 1.2)
    light = tf.random.uniform((count, 1, 1, 1), -0.1, 0.1)
    return tf.clip_by_value((images - 0.5) * contrast + 0.5 + light, 0.0, 1.0)


def crop_centre(pictures):
    """The crop that `load_faces` takes by default, of pictures (n, 96, 96, 3): uint8 (n, 64, 64, 3)."""
    edge = (1 - CROP / WIDEST) / 2 * LOADED_SIZE
    box = (edge, edge, LOADED_SIZE - edge, LOADED_SIZE - edge)
    return np.stack([Image.fromarray(p).resize((SIZE, SIZE), Image.Resampling.LANCZOS, box) for p in pictures])


def _score(network, pictures, table):
    right = (read_probabilities(network, pictures) > 0.5) == (table.to_numpy() > 0.5)
    rows = {}
    for i, name in enumerate(table):
        shown = table[name].to_numpy() > 0.5
        if shown.any() and not shown.all():
            accuracy = np.mean([right[shown, i].mean(), right[~shown, i].mean()])
            rows[name] = {"balanced_accuracy": accuracy, "frequency": shown.mean(), "faces": shown.sum()}
    return pd.DataFrame.from_dict(rows, "index").astype({"faces": int})


def _card(scores, names, training_faces, test_faces, epochs, radius, people, source):
    """The model card; `people` (n,) says who is on each picture, or is None if nobody knows."""
    if people is None:
        split = "It is not known who is on which picture (`identity_CelebA.txt`), so the same people may be in both."
    else:
        split = f"Nobody is in both: the {len(np.unique(people)):,} people were split by `identity_CelebA.txt`."
    moved = f"Each training face was moved by up to {255 * radius:g} of 255 to where the network erred most."
    what = "CelebA's 40 attributes" if names == ATTRIBUTES else f"{len(names)} attributes ({', '.join(names)})"
    labels = ["The labels are what people saw in pictures of celebrities, and many are wrong."] * ("CelebA" in source)
    lines = [
        "# Attribute network",
        "",
        f"This network reads {what} off a face of {SIZE}x{SIZE} pixels.",
        f"It was trained for {epochs} epochs on {training_faces}, and tested on {test_faces}.",
        split,
        *([moved] if radius else []),
        "",
        "Balanced accuracy is the mean of two shares: how many of the test faces with the attribute, and how many of",
        "those without it, the network classifies correctly. Guessing gives 0.5.",
        f"The mean over all attributes is {scores.balanced_accuracy.mean():.3f}.",
        "",
        "The `.npz` file holds the weights in eight bits. `load_attribute_network` in",
        "`facegen_keras/networks/attribute_network.py` builds the network and loads them.",
        "",
        source,
        *labels,
        "Rare attributes are read poorly. Do not use the network to judge people.",
        "",
        "| attribute | balanced accuracy | frequency | test faces that show it |",
        "|---|---|---|---|",
    ]
    for name, row in scores.iterrows():
        lines.append(f"| {name} | {row.balanced_accuracy:.3f} | {row.frequency:.3f} | {row.faces:.0f} |")
    return "\n".join(lines) + "\n"
