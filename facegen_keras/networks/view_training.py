"""Training the view network: two views of one picture are to have the same embedding (Barlow Twins)."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from facegen_keras.data.celeba import load_arrays, load_identities
from facegen_keras.data.layouts import tell_source
from facegen_keras.files import write_atomically
from facegen_keras.networks.attribute_network import read_features
from facegen_keras.networks.attribute_training import (
    LOADED_SIZE,
    WIDEST,
    augment,
    choose_policy,
    crop_centre,
    hold_out,
    shuffled_batches,
)
from facegen_keras.networks.view_network import (
    build_view_network,
    load_view_network,
    pooled_model,
    whiten,
)
from facegen_keras.networks.weight_file import compress_network

EMBEDDED = 512  # length of the embeddings that the loss compares
REDUNDANCY = 5e-3  # the loss's weight of correlations between different components, as in the paper
GREY = 0.2  # share of the views that are grey
MOST_TESTS = 500  # faces among which one is found again


def train_view_network(out, data=None, epochs=100, images=None, held_out=0.1, batch_size=128, seed=0, verbose=1):
    """Train the network without labels, test it on people whom it was not trained on, and save it and its model card.

    Train it on other people than the generators that it will judge: `tools/split_people.py` divides a folder.

    Args:
        out: the `.npz` file to write; the card is written beside it, with the suffix `.md`.
        data: the folder of faces, as for `load_faces`. `identity_CelebA.txt` in it says who is on each picture;
            without that file, each picture counts as another person.
        epochs: how many times each face is seen, in two views.
        images: how many faces to use, or which share of them, as for `load_arrays`; None uses all.
        held_out: the share of the people that it is tested on.
        batch_size: faces in a batch.
        seed: what the choice of faces and people, the initial weights and the order follow from.
        verbose: as for `fit`.

    Returns:
        float: the share of the test faces that the network finds again: of the second views of all of them, the one
        whose features are nearest to those of the first view is of the same picture.

    Raises:
        ValueError: `out` does not end in `.npz`, or `held_out` leaves nobody to train or to test on.
        FileNotFoundError: as `load_faces`.
    """
    out = Path(out)
    if out.suffix != ".npz":
        raise ValueError(f"out={str(out)!r}: expected the name of an .npz file, such as view_network.npz.")
    pictures, table = load_arrays(images, LOADED_SIZE, data=data, split="all", crop=WIDEST, seed=seed)
    identities = load_identities(data)
    people = (table.index.to_series() if identities is None else identities.reindex(table.index)).to_numpy()
    tests = hold_out(people, held_out, seed)
    keras.utils.set_random_seed(seed)
    network = _fit(pictures[~tests], epochs, batch_size, verbose)
    whiten(network, crop_centre(pictures[~tests]))
    with write_atomically(out) as file:
        np.savez_compressed(file, **compress_network(network))
    found = _find_again(load_view_network(out), pictures[tests][:MOST_TESTS])
    counts = f"{(~tests).sum():,}", f"{min(tests.sum(), MOST_TESTS):,}"
    with write_atomically(out.with_suffix(".md")) as file:
        card = _card(found, *counts, epochs, None if identities is None else people, tell_source(data))
        file.write_text(card, encoding="utf-8")
    return found


def _fit(pictures, epochs, batch_size, verbose):
    batch_size = min(batch_size, len(pictures))
    trained, network = build_view_network(choose_policy()), build_view_network()
    embed = [
        *[layers.Dense(EMBEDDED, use_bias=False, dtype="float32"), layers.BatchNormalization(dtype="float32")],
        *[layers.ReLU(dtype="float32"), layers.Dense(EMBEDDED, use_bias=False, dtype="float32")],
    ]
    embedder = keras.Sequential([pooled_model(trained), *embed])
    steps = epochs * (len(pictures) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    embedder.compile(keras.optimizers.AdamW(rate, weight_decay=1e-2), barlow_twins, jit_compile=False)

    def prepare(images, _):
        return tf.concat([make_views(images), make_views(images)], axis=0), tf.zeros((2 * batch_size, 1))

    embedder.fit(shuffled_batches(pictures, batch_size, prepare), shuffle=False, epochs=epochs, verbose=verbose)
    network.set_weights(trained.get_weights())
    return network


def barlow_twins(_, embeddings):
    """The loss of Barlow Twins (Zbontar et al. 2021).

    Each component of the embedding is to be the same for both views of a picture, and to say what no other component
    says; the second keeps the embeddings from becoming all the same. It needs neither large batches nor negatives.

    Args:
        embeddings: float (2 b, d): of one view of each of b pictures, and then of another view of each.

    Returns:
        float: 0 if the correlations (d, d) between the first and the second are the identity; d is that of noise.
    """
    first, second = map(_standardize, tf.split(embeddings, 2))
    correlations = tf.matmul(first, second, transpose_a=True) / tf.cast(tf.shape(first)[0], tf.float32)
    same = tf.linalg.diag_part(correlations)
    between = tf.reduce_sum(correlations**2) - tf.reduce_sum(same**2)
    return tf.reduce_sum((1 - same) ** 2) + REDUNDANCY * between


def _standardize(embeddings):
    mean, variance = tf.nn.moments(embeddings, axes=[0])
    return (embeddings - mean) * tf.math.rsqrt(variance + 1e-5)


def make_views(pictures):
    """One random view of each picture: crop, mirror, contrast, light and colours.

    What differs between views is what the features learn not to see. So views are never blurred: generated faces
    often are, and the features are to tell.

    Args:
        pictures: as for `augment`.

    Returns:
        float32 (b, 64, 64, 3) in [0, 1].
    """
    images, count = augment(pictures), tf.shape(pictures)[0]
    grey = tf.image.rgb_to_grayscale(images)
    saturation = tf.random.uniform((count, 1, 1, 1), 0.5, 1.5)
    saturation = tf.where(tf.random.uniform((count, 1, 1, 1)) < GREY, 0.0, saturation)
    tint = tf.random.uniform((count, 1, 1, 3), 0.8, 1.2)
    return tf.clip_by_value((grey + saturation * (images - grey)) * tint, 0.0, 1.0)


def _find_again(network, pictures):
    first, second = (_features_of(network, make_views(pictures)) for _ in range(2))
    similar = first @ second.T
    return float((similar.argmax(axis=1) == np.arange(len(pictures))).mean())


def _features_of(network, images):
    """Features of images (n, 64, 64, 3) in [0, 1], each vector with a length of 1."""
    features = read_features(network, np.round(255 * images.numpy()).astype(np.uint8))
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def _card(found, training_faces, test_faces, epochs, people, source):
    """The model card; `people` (n,) says who is on each picture, or is None if nobody knows."""
    if people is None:
        split = "It is not known who is on which picture (`identity_CelebA.txt`), so the same people may be in both."
    else:
        split = f"Nobody is in both: the {len(np.unique(people)):,} people were split by `identity_CelebA.txt`."
    return f"""# View network

The features of this network compare sets of faces (`features="views"`). It knows no attributes: it learnt, without
labels, that two views of one picture (crops, mirrored or not, other light and colours) belong together, by the loss of
Barlow Twins (Zbontar et al. 2021). That features learnt so rank generators more sensibly than those of a classifier is
what Morozov et al. found (2021). The features are the 64 main components of what its convolutions see, whitened.

It was trained for {epochs} epochs on {training_faces} faces, and tested on {test_faces} faces.
{split}
Of the second views of all test faces it finds the one of the same picture in {found:.1%} of the cases; guessing finds
one in {test_faces}.

The `.npz` file holds the weights in eight bits. `load_view_network` in `facegen_keras/networks/view_network.py` builds
the network and loads them.

{source}
Do not use the network to recognise people.
"""
