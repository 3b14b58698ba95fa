"""Whether the faces show what they were asked for, and what they show unasked, as the attribute network reads them."""

import numpy as np
import pandas as pd

from facegen_keras.attribute_network import estimate_attributes, face_features
from facegen_keras.attributes import ATTRIBUTES
from facegen_keras.celeba import load_arrays
from facegen_keras.sampling import attribute_sheet, spell


def attribute_accuracy(gan, count=1_000, *, data=None, split="train", crop=148, seed=0):
    """Whether the faces show what they were asked for, beside the same figure on real faces.

    Attributes are asked for as they go together in CelebA, and read by the attribute network.

    Args:
        gan: a conditional `FaceGAN`.
        count: faces drawn, and real faces to compare with (fewer where there are fewer).
        data, split, crop: the real faces, as for `load_faces`; the crop is the one the GAN was trained on.
        seed: of both.

    Returns:
        DataFrame, one row an attribute: `generated` and `real`, each the mean of two shares, of the faces with the
        attribute that show it and of those without that do not (0.5 is chance); NaN where one kind is missing. Its
        `attrs` say how it was measured.

    Raises:
        ValueError: the generator has no attributes.
    """
    gan.require_attributes()
    wanted = gan.draw_attributes(count, None, seed)
    size = gan.generator.output_shape[1:3]
    real, labels = load_arrays(
        at_most=count, image_size=size, attributes=gan.attributes, data=data, split=split, crop=crop, seed=seed
    )
    return compare_accuracy(gan.sample(count, wanted, seed), wanted, real, labels, crop)


def compare_accuracy(drawn, wanted, real, labels, crop):
    """The table of `attribute_accuracy`, from pictures.

    Args:
        drawn: uint8 array (n, H, W, 3) of samples.
        wanted: array (n, k), what they should show.
        real: uint8 array (m, H, W, 3) of real faces.
        labels: DataFrame (m, k), what these show; its columns name the attributes.
        crop: of the real faces.
    """
    names = list(labels.columns)
    table = {
        "generated": balanced_accuracy(drawn, wanted, names),
        "real": balanced_accuracy(real, labels, names),
    }
    result = pd.DataFrame(table, index=pd.Index(names, name="attribute"))
    result.attrs = {
        "read by": "facegen_keras attribute network",
        "generated faces": len(drawn),
        "real faces": len(real),
        "crop": crop,
        "pixels": f"{drawn.shape[1]}x{drawn.shape[2]}, brought to 64x64 (Lanczos)",
    }
    return result


def balanced_accuracy(pictures, labels, names):
    """For each attribute name the mean of two shares: with it that show it, without it that do not; NaN if none.

    Args:
        pictures: uint8 array (n, H, W, 3).
        labels: array (n, k) of 0 and 1, what they should show.
        names: the k attributes.
    """
    read = estimate_attributes(pictures)[:, [ATTRIBUTES.index(name) for name in names]] > 0.5
    wanted = np.asarray(labels) > 0.5
    with np.errstate(invalid="ignore"):
        shown = (read & wanted).sum(axis=0) / wanted.sum(axis=0)
        absent = (~read & ~wanted).sum(axis=0) / (~wanted).sum(axis=0)
    return (shown + absent) / 2


def refinement_scores(sheet, changes):
    """How well faces were corrected, read off them by the attribute network.

    Args:
        sheet: uint8 array (n, 2 + changes, H, W, 3), from `refinement_sheet`.
        changes: the dicts it was made by, each of strengths 0 or 1.

    Returns:
        DataFrame, one row a change: `before` and `after`, the shares of faces that show what was asked for, redrawn and
        corrected; `others kept`, the share of all other attributes that are read as before; `moved`, the mean
        absolute change of a pixel, 0 to 1; `face moved`, how far the features moved, 1 being the distance of
        two different faces.

    Raises:
        ValueError: fewer than two faces.
    """
    if len(sheet) < 2:
        raise ValueError(f"The sheet has {len(sheet)} faces: expected at least 2, to compare different faces.")
    redrawn = estimate_attributes(sheet[:, 1]) > 0.5
    features = face_features(sheet[:, 1])
    apart = np.linalg.norm(features - np.roll(features, 1, axis=0), axis=1).mean()
    rows = []
    for i, wish in enumerate(changes, start=2):
        after = estimate_attributes(sheet[:, i]) > 0.5
        asked = [ATTRIBUTES.index(name) for name in wish]
        wanted = np.array(list(wish.values())) > 0.5
        others = np.setdiff1d(np.arange(len(ATTRIBUTES)), asked)
        moved = np.abs(sheet[:, i].astype(np.float32) - sheet[:, 1]).mean() / 255
        distance = np.linalg.norm(face_features(sheet[:, i]) - features, axis=1).mean()
        rows.append(
            {
                "change": spell(wish),
                "before": (redrawn[:, asked] == wanted).all(axis=1).mean(),
                "after": (after[:, asked] == wanted).all(axis=1).mean(),
                "others kept": (after[:, others] == redrawn[:, others]).mean(),
                "moved": moved,
                "face moved": distance / apart,
            }
        )
    return pd.DataFrame(rows).set_index("change")


def attribute_response(gan, name, count=64, seed=0):
    """How far a generator's pictures move when one attribute is turned over and the latents are kept.

    Args:
        gan: a conditional `FaceGAN`.
        name: one of its attributes.
        count: latents to compare.
        seed: of the latents.

    Returns:
        float: mean absolute change, divided by the mean absolute difference of two faces of different latents;
        0 when the attribute is ignored. It says that pictures change, not that they change rightly.

    Raises:
        ValueError: the generator has no such attribute; or fewer than two latents.
    """
    if count < 2:
        raise ValueError(f"count={count}: expected at least 2 latents, to compare different faces.")
    (base, changed), _ = attribute_sheet(gan, [name], count, seed=seed)
    base, changed = base.astype(np.float64), changed.astype(np.float64)
    return float(np.abs(changed - base).mean() / np.abs(np.roll(base, 1, axis=0) - base).mean())


def bias_report(real, fake):
    """What a generator draws more often than it saw it, and what more seldom.

    Both sets are read by the attribute network, so that its errors are in both; still they pull the ratio of a rare
    attribute towards 1, as some faces are read so that are not.

    Args:
        real, fake: uint8 arrays (n, H, W, 3) and (m, H, W, 3); to tell what training on `real` made of it, draw `fake`
            without asking for anything.

    Returns:
        DataFrame, one row for each of CelebA's 40 attributes, most over-drawn first: `real` and `generated`, the
        shares that show it, and `ratio`, the second by the first: above 1 is over-drawn; NaN, last, for what no real
        face shows.
    """
    shares = {
        name: (estimate_attributes(pictures) > 0.5).mean(axis=0)
        for name, pictures in (("real", real), ("generated", fake))
    }
    table = pd.DataFrame(shares, index=pd.Index(ATTRIBUTES, name="attribute"))
    table["ratio"] = table["generated"] / table["real"].where(table["real"] > 0)
    return table.sort_values("ratio", ascending=False)
