"""A small network that reads CelebA's 40 attributes off a face, and whose features measure how real faces look."""

import functools
import logging
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers
from PIL import Image

from facegen_keras.attributes import ATTRIBUTES
from facegen_keras.celeba import load_arrays, load_identities

logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).parent / "data" / "attribute_network.keras"
SIZE = 64  # pixels it looks at
WHOLE, NARROWEST = 178, 108  # CelebA's pixels: a crop between the two is drawn for each face in training
MARGIN_SIZE = 96  # pixels of the whole, before that crop
FEATURES = "features"  # the layer before the last


def build_attribute_network():
    """Build the network, untrained.

    Returns:
        A Keras model of images (b, 64, 64, 3) in [0, 1] to logits (b, 40); its layer `features` gives (b, 192).
    """
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), layers.Rescaling(2.0, -1.0)], name="attribute_network")
    for filters, stride in ((32, 2), (64, 2), (64, 1), (128, 2), (128, 1), (192, 2), (192, 1)):
        model.add(layers.Conv2D(filters, 3, stride, "same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D(name=FEATURES, dtype="float32"))
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(len(ATTRIBUTES), dtype="float32"))
    return model


def train_attribute_network(out, data=None, epochs=40, count=None, held_out=0.15, batch_size=128, seed=0, verbose=1):
    """Train the network, judge it on people it never saw, and save both it and its model card.

    Every value of every attribute weighs the same, however rare (rarer than one in twenty: as one in twenty).

    Args:
        out: the `.keras` file to write; the card goes beside it, as `.md`.
        data: the folder of faces, as for `load_faces`, with `identity_CelebA.txt` where people must be told apart;
            without that file every picture counts as another person.
        epochs: times that each face is seen.
        count: faces to use; None for all.
        held_out: share of the people it is judged on.
        batch_size, seed, verbose: as usual.

    Returns:
        DataFrame (40 rows): `balanced_accuracy` on the people held out, `frequency` and `faces` that show it.
    """
    pictures, table = load_arrays(count, MARGIN_SIZE, ATTRIBUTES, data=data, split="all", crop=WHOLE, seed=seed)
    identities = load_identities(data)
    people = (table.index.to_series() if identities is None else identities.reindex(table.index)).to_numpy()
    unseen = hold_out(people, held_out, seed)
    keras.utils.set_random_seed(seed)
    network = _fit(pictures[~unseen], table[~unseen].to_numpy(np.float32), epochs, batch_size, verbose)
    judged = _judge(network, _centre(pictures[unseen]), table[unseen])
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    network.save(out)
    out.with_suffix(".md").write_text(
        _card(judged, int((~unseen).sum()), int(unseen.sum()), epochs, len(np.unique(people)))
    )
    return judged


def hold_out(people, share, seed):
    """Which pictures, bool (n,), are of a random `share` of the people; `people` (n,) says who is on each."""
    names = np.unique(people)
    chosen = np.random.default_rng(seed).choice(names, max(1, round(share * len(names))), replace=False)
    return np.isin(people, chosen)


def _fit(pictures, values, epochs, batch_size, verbose):
    frequency = np.clip(values.mean(axis=0), 0.05, 0.95).astype(np.float32)
    batch_size = min(batch_size, len(pictures))
    steps = len(pictures) // batch_size

    def loss(wanted, logits):
        weight = wanted / (2 * frequency) + (1 - wanted) / (2 * (1 - frequency))
        return tf.reduce_mean(weight * tf.nn.sigmoid_cross_entropy_with_logits(wanted, logits))

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        trained = build_attribute_network()
    finally:
        keras.config.set_dtype_policy(before)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps * epochs)
    trained.compile(keras.optimizers.AdamW(rate, weight_decay=1e-2), loss, jit_compile=False)
    rows = tf.data.Dataset.range(len(pictures)).shuffle(len(pictures)).batch(batch_size, drop_remainder=True)

    def fetch(rows):
        images = tf.numpy_function(lambda rows: pictures[rows], [rows], tf.uint8)
        images = tf.ensure_shape(images, (batch_size, *pictures.shape[1:]))
        return augment(images), tf.gather(values, rows)

    options = {"shuffle": False, "epochs": epochs, "verbose": verbose}
    trained.fit(rows.map(fetch, num_parallel_calls=2).prefetch(2), **options)
    network = build_attribute_network()
    network.set_weights(trained.get_weights())
    return network


def augment(pictures):
    """Each picture in another crop, side and light.

    Args:
        pictures: uint8 (b, 96, 96, 3), 178 of CelebA's pixels wide.

    Returns:
        float32 (b, 64, 64, 3) in [0, 1]: 108 to 178 pixels of it, mirrored half of the time.
    """
    count = tf.shape(pictures)[0]
    side = tf.random.uniform((count, 1), NARROWEST / WHOLE, 1.0)
    slack = (1 - side) / 2
    top = slack * (1 + tf.random.uniform((count, 1), -0.5, 0.5))
    left = slack * (1 + tf.random.uniform((count, 1), -0.5, 0.5))
    boxes = tf.concat([top, left, top + side, left + side], axis=1)
    turned = tf.random.uniform((count, 1)) < 0.5
    boxes = tf.where(turned, tf.gather(boxes, [0, 3, 2, 1], axis=1), boxes)
    images = tf.image.crop_and_resize(tf.cast(pictures, tf.float32) / 255, boxes, tf.range(count), (SIZE, SIZE))
    contrast = tf.random.uniform((count, 1, 1, 1), 0.8, 1.2)
    light = tf.random.uniform((count, 1, 1, 1), -0.1, 0.1)
    return tf.clip_by_value((images - 0.5) * contrast + 0.5 + light, 0.0, 1.0)


def _centre(pictures):
    """The centred 148-pixel crop of pictures (n, 96, 96, 3), as (n, 64, 64, 3)."""
    edge = (1 - 148 / WHOLE) / 2 * MARGIN_SIZE
    box = (edge, edge, MARGIN_SIZE - edge, MARGIN_SIZE - edge)
    return np.stack([Image.fromarray(p).resize((SIZE, SIZE), Image.Resampling.LANCZOS, box) for p in pictures])


def _judge(network, pictures, table):
    right = (_read(network, pictures) > 0.5) == (table.to_numpy() == 1)
    shown, absent = table == 1, table == 0
    rows = {
        name: {
            "balanced_accuracy": np.mean([right[shown[name], i].mean(), right[absent[name], i].mean()]),
            "frequency": shown[name].mean(),
            "faces": int(shown[name].sum()),
        }
        for i, name in enumerate(table)
        if 0 < shown[name].sum() < len(table)
    }
    return pd.DataFrame(rows).T.astype({"faces": int})


def _card(judged, seen, unseen, epochs, people):
    lines = [
        "# Attribute network",
        "",
        f"Reads CelebA's 40 attributes off a face of {SIZE}x{SIZE} pixels. Trained for {epochs} epochs on {seen:,}",
        f"faces; judged on {unseen:,} faces of people it never saw ({people:,} people in all, split by",
        "`identity_CelebA.txt` where that is there). Balanced accuracy: the mean of how many faces with the attribute,",
        "and how many without, are told rightly; 0.5 is guessing. Mean over the attributes:",
        f"{judged.balanced_accuracy.mean():.3f}.",
        "",
        "Data: CelebA (Liu et al. 2015), for non-commercial research only; so are these weights. The labels are what",
        "people saw in pictures of celebrities, often wrongly; rare attributes are read poorly. Do not use it to judge",
        "people.",
        "",
        "| attribute | balanced accuracy | frequency | faces judged that show it |",
        "|---|---|---|---|",
    ]
    for name, row in judged.iterrows():
        lines.append(f"| {name} | {row.balanced_accuracy:.3f} | {row.frequency:.3f} | {row.faces:.0f} |")
    return "\n".join(lines) + "\n"


@functools.cache
def load_attribute_network():
    """The network that is shipped with the package; see `build_attribute_network`, and its card in `data/`."""
    return keras.models.load_model(SHIPPED, compile=False)


def estimate_attributes(pictures):
    """Read the 40 attributes off faces.

    Args:
        pictures: uint8 array (n, H, W, 3), framed as `load_faces` frames them; brought to 64x64.

    Returns:
        float32 array (n, 40): the network's probability for each of `ATTRIBUTES`.
    """
    return _read(load_attribute_network(), pictures)


def _read(network, pictures):
    return 1 / (1 + np.exp(-_predict(network, pictures)))


@functools.cache
def _feature_extractor():
    network = load_attribute_network()
    return keras.Model(network.inputs, network.get_layer(FEATURES).output)


def face_features(pictures):
    """Features of faces, in which alike faces are near: float32 (n, 192); pictures as for `estimate_attributes`."""
    return _predict(_feature_extractor(), pictures)


def _predict(network, pictures, at_once=256):
    """What a network says of pictures uint8 (n, H, W, 3), a part at a time, so that memory is bounded."""
    parts = (to_size(pictures[i : i + at_once]) for i in range(0, max(len(pictures), 1), at_once))
    return np.concatenate([network.predict_on_batch(part.astype(np.float32) / 255) for part in parts])


def to_size(pictures, size=(SIZE, SIZE), resample="lanczos"):
    """Pictures uint8 (n, H, W, 3) brought to a size (height, width), with antialiasing, whatever their form."""
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.dtype != np.uint8 or not len(pictures):
        raise ValueError(f"pictures is {pictures.dtype} {pictures.shape}: expected uint8 (count, H, W, 3), not empty.")
    if pictures.shape[1:3] == tuple(size):
        return pictures
    how = Image.Resampling[resample.upper()]
    return np.stack([Image.fromarray(picture).resize(size[::-1], how) for picture in pictures])
