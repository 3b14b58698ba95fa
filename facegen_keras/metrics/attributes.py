"""Whether faces show the attributes they were asked for, and which they show unasked, read by the attribute network."""

import math

import numpy as np
import pandas as pd

from facegen_keras.data.attribute_statistics import related_attributes
from facegen_keras.data.attributes import resolve_attributes
from facegen_keras.gan.conditions import explain_unread, plain_face, require_attributes
from facegen_keras.gan.sheets import attribute_sheet, describe_changes
from facegen_keras.metrics.samples import draw_samples, load_real
from facegen_keras.networks.attribute_network import estimate_attributes, find_attribute_network, read_features


def attribute_accuracy(gan, count=1_000, *, data=None, split="train", images=None, seed=0):
    """Measure whether faces show the attributes they were asked for, beside the same figure for real faces.

    The attributes asked for go together as they do in CelebA, or, of other names, in the data set of the training; the
    attribute network reads what the faces show.

    Args:
        gan: a conditional `FaceGAN`; the real faces are cropped as its training faces were (`gan.crop`), and its
            `attribute_network` reads them.
        count: samples, and real faces to compare with (all where there are fewer).
        data, split: the real faces, as for `load_faces`.
        images: as for `evaluate`; only a generator that starts from faces needs it.
        seed: of the samples and of the choice of real faces.

    Returns:
        DataFrame, one row an attribute: `generated` and `real`, each the balanced accuracy: the mean of the share of
        faces with the attribute that show it and the share of faces without it that do not. 0.5 is chance; NaN if there
        are no faces of one kind. Its `attrs` say how it was measured.

    Raises:
        ValueError: the generator has no attributes, or the network does not read them.
    """
    require_attributes(gan)
    if unread := explain_unread(gan):
        raise ValueError(unread)
    target_attributes = gan.sample_attributes(count, None, seed)
    samples, start = draw_samples(gan, target_attributes, data=data, images=images, seed=seed)
    real, labels = load_real(gan, count, gan.size, data=data, split=split, seed=seed)
    how = {"crop": gan.crop or "whole picture", "split": split} | start
    return compare_accuracy(samples, target_attributes, real, labels, how, gan.attribute_network)


def compare_accuracy(samples, target_attributes, real, labels, how=None, network=None):
    """The table of `attribute_accuracy`, from pictures.

    Args:
        samples: uint8 array (n, H, W, 3).
        target_attributes: array (n, k) of 0 and 1, what the samples should show.
        real: uint8 array (m, H, W, 3) of real faces.
        labels: DataFrame (m, k), what these show; its columns name the attributes.
        how: dict of what else the table's `attrs` should say.
        network: as for `estimate_attributes`.
    """
    names = list(labels.columns)
    table = {
        "generated": balanced_accuracy(samples, target_attributes, names, network),
        "real": balanced_accuracy(real, labels, names, network),
    }
    result = pd.DataFrame(table, index=pd.Index(names, name="attribute"))
    result.attrs = {
        "read by": "facegen_keras attribute network" if network is None else f"the attribute network {network}",
        "generated faces": len(samples),
        "real faces": len(real),
        **(how or {}),
        "pixels": f"{samples.shape[1]}x{samples.shape[2]}, resized to 64x64 (Lanczos)",
    }
    return result


def balanced_accuracy(pictures, labels, names, network=None):
    """Balanced accuracy of pictures with labels, as the attribute network reads them: float array (k,).

    It is the mean of two shares: of the pictures with the attribute that show it, and of those without it that do not;
    NaN if there are no pictures of one kind.

    Args:
        pictures: uint8 array (n, H, W, 3).
        labels: array (n, k) of 0 and 1, what they should show.
        names: the k attributes.
        network: as for `estimate_attributes`.
    """
    network = find_attribute_network(network)
    shown = estimate_attributes(pictures, network)[:, [network.attributes.index(name) for name in names]] > 0.5
    expected = np.asarray(labels) > 0.5
    with np.errstate(invalid="ignore"):
        present = (shown & expected).sum(axis=0) / expected.sum(axis=0)
        absent = (~shown & ~expected).sum(axis=0) / (~expected).sum(axis=0)
    return (present + absent) / 2


def refinement_scores(sheet, changes, network=None):
    """Measure how well faces were changed, as the attribute network reads them.

    Args:
        sheet: uint8 array (n, 2 + changes, H, W, 3), from `refinement_sheet`.
        changes: the dicts it was made with, each of strengths 0 or 1.
        network: as for `change_scores`; a GAN's is its `attribute_network`.

    Returns:
        DataFrame, one row a change: `before` and `after`, the shares of faces that show all that was asked for, redrawn
        and changed; and the means of what `change_scores` measures from the one to the other.

    Raises:
        ValueError: fewer than two faces, another number of changes than the sheet has, a strength between 0 and 1, or
            an attribute that the network does not read.
    """
    if len(sheet) < 2 or sheet.shape[1] != 2 + len(changes):
        raise ValueError(
            f"The sheet has shape {sheet.shape}: expected at least 2 faces, and 2 + {len(changes)} columns for "
            f"{len(changes)} changes."
        )
    for change in changes:
        if any(strength not in (0, 1) for strength in change.values()):
            raise ValueError(f"changes: {change} has a strength between 0 and 1, which cannot be read off a face.")
    rows, network = [], find_attribute_network(network)
    for i, change in enumerate(changes, start=2):
        resolve_attributes(list(change), known=network.attributes)
        asked = np.full((len(sheet), len(network.attributes)), math.nan)
        asked[:, [network.attributes.index(name) for name in change]] = list(change.values())
        before, after = (change_scores(sheet[:, 1], sheet[:, shown], asked, network) for shown in (1, i))
        row = {"before": (before["follows"] == 1).mean(), "after": (after["follows"] == 1).mean()}
        rows.append({"change": describe_changes(change)} | row | after.drop(columns="follows").mean().to_dict())
    return pd.DataFrame(rows).set_index("change")


def change_scores(before, after, asked, network=None):
    """Measure how well each of several faces was changed, as an attribute network reads them.

    Args:
        before, after: uint8 arrays (n, H, W, 3).
        asked: float array (n, k): 0 or 1 for the attributes that were asked of each face, NaN for all others of the
            network's k, which are 40 of the shipped one.
        network: as for `estimate_attributes`.

    Returns:
        DataFrame, one row a face: `follows`, the share of what was asked for that it shows; `others kept`, the share of
        all other attributes that are read as before, and `unrelated kept`, without those that may go along
        (`related_attributes`); `moved`, the mean absolute change of a pixel, 0 to 1; `face moved`, how far the features
        moved, where 1 is the mean distance between two different faces (NaN if all are the same).
    """
    network = find_attribute_network(network)
    read_before, read_after = (estimate_attributes(pictures, network) > 0.5 for pictures in (before, after))
    features_before, features_after = (read_features(network, pictures) for pictures in (before, after))
    apart = np.linalg.norm(features_before - np.roll(features_before, 1, axis=0), axis=1).mean()
    is_asked = ~np.isnan(asked)
    related = related_attributes(network.attributes, network.attributes)
    unrelated = is_asked.astype(int) @ related.astype(int) == 0
    same = read_before == read_after
    scores = {
        "follows": _share(read_after == (asked > 0.5), is_asked),
        "others kept": _share(same, ~is_asked),
        "unrelated kept": _share(same, unrelated),
        "moved": np.abs(after.astype(np.float32) - before).mean(axis=(1, 2, 3)) / 255,
        "face moved": np.linalg.norm(features_after - features_before, axis=1) / (apart or math.nan),
    }
    return pd.DataFrame(scores)


def _share(right, counted):
    """The share of what is counted that is right, for each row of bool arrays (n, k)."""
    return (right & counted).sum(axis=1) / counted.sum(axis=1)


def attribute_response(gan, name, count=64, seed=0):
    """How far a generator's pictures move when one attribute is flipped and the latents stay the same.

    Args:
        gan: a conditional `FaceGAN`.
        name: one of its attributes.
        count: latents to compare, at least 2.
        seed: of the latents.

    Returns:
        float: the mean absolute change, divided by the mean absolute difference between faces of different latents.
        0 if the generator ignores the attribute; NaN if all latents give the same face. It says that pictures change,
        not that they change as asked.

    Raises:
        ValueError: the generator has no such attribute; or fewer than two latents.
    """
    if count < 2:
        raise ValueError(f"count={count}: expected at least 2 latents, to compare different faces.")
    (base, changed), _ = attribute_sheet(gan, [name], count, plain_face(gan), seed)
    base, changed = base.astype(np.float64), changed.astype(np.float64)
    apart = np.abs(np.roll(base, 1, axis=0) - base).mean()
    return float(np.abs(changed - base).mean() / apart) if apart else math.nan


def bias_report(real, fake, network=None):
    """Which attributes a generator makes more often, or more seldom, than its training faces have them.

    The attribute network reads both sets, so its errors are in both; still they pull the ratio of a rare attribute
    towards 1, because some faces are read as having it that do not.

    Args:
        real, fake: uint8 arrays (n, H, W, 3) and (m, H, W, 3); to see what training on `real` did, sample `fake`
            without asking for attributes.
        network: as for `estimate_attributes`; a GAN's is its `attribute_network`.

    Returns:
        DataFrame, one row for each attribute that the network reads, CelebA's 40 by the shipped one: `real` and
        `generated`, the shares of faces that show it, and `ratio`, the second divided by the first: above 1 means
        generated too often. Sorted by it, highest first; NaN, last, if no real face shows the attribute.
    """
    network = find_attribute_network(network)
    shares = {
        name: (estimate_attributes(pictures, network) > 0.5).mean(axis=0)
        for name, pictures in (("real", real), ("generated", fake))
    }
    table = pd.DataFrame(shares, index=pd.Index(network.attributes, name="attribute"))
    table["ratio"] = table["generated"] / table["real"].where(table["real"] > 0)
    return table.sort_values("ratio", ascending=False)
