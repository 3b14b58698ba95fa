"""All metrics of one generator at once, against real faces that are cropped as its training faces were."""

import dataclasses

import numpy as np
import pandas as pd

from facegen_keras.checks import check_whole
from facegen_keras.data.images import check_size, to_size
from facegen_keras.data.layouts import is_drawn
from facegen_keras.data.selection import open_faces
from facegen_keras.files import write_atomically
from facegen_keras.gan.conditions import explain_unread
from facegen_keras.grids import save_grid
from facegen_keras.metrics.attributes import bias_report, compare_accuracy
from facegen_keras.metrics.features import Features, find_features
from facegen_keras.metrics.samples import draw_samples, load_real
from facegen_keras.metrics.scores import FEWEST, FeatureSets, Score, diversity, memorisation

BOTH = ("faces", "views")  # two pairs of eyes; the second shares neither task nor pictures with the training
VARIED = 500  # pictures whose diversity is measured: all pairs of them
PAIRS = 12  # samples that are shown beside the nearest training face
DRAWN = (
    "The real faces are the embedded drawings: the distances are not comparable with those to photographs, which the "
    "shipped generators were trained on."
)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What `evaluate` measured.

    Args:
        scores: dict of name to `Score`: KID, FID, precision, recall and variance share; the same by other features,
            such as "recall (views)"; diversity, memorisation and copies.
        attributes: the table of `attribute_accuracy`; None for a generator without attributes, or with some that no
            network reads.
        bias: the table of `bias_report`.
        pairs: uint8 array (2, k, H, W, 3): the samples nearest to a training face, and those faces.
        samples: uint8 array (count, H, W, 3): what was measured.
        summary: a few sentences on how it was measured; `how` has all of it.
    """

    scores: dict
    attributes: pd.DataFrame | None
    bias: pd.DataFrame
    pairs: np.ndarray
    samples: np.ndarray
    summary: tuple = ()

    @property
    def how(self):
        """How it was measured, as text: each way once, under the names of the results that were measured so."""
        results = {name: score.how for name, score in self.scores.items()}
        if self.attributes is not None:
            results["attribute accuracy"] = self.attributes.attrs
        ways = {}
        for name, how in results.items():
            way = "\n".join(f"  {what}: {value}" for what, value in how.items())
            ways.setdefault(way, []).append(name)
        return "\n".join(f"{', '.join(names)}\n{way}" for way, names in ways.items())

    def table(self):
        """The scores as a DataFrame: `generated`, and `real against real`, what a perfect generator would reach."""
        rows = {name: (float(score), score.real_vs_real) for name, score in self.scores.items()}
        return pd.DataFrame.from_dict(rows, orient="index", columns=["generated", "real against real"])

    def __str__(self):
        parts = [self.table().to_string(float_format="{:.4f}".format)]
        if self.attributes is not None:
            parts.append(self.attributes.to_string(float_format="{:.3f}".format))
        return "\n\n".join([*parts, "\n".join(self.summary)])

    def save(self, folder):
        """Write scores.csv, attributes.csv, bias.csv, how.txt and nearest.png; returns the folder's Path.

        nearest.png shows training faces: if these may not be published, nearest.png may not be published either.
        """
        with write_atomically(f"{folder}/scores.csv") as file:
            self.table().to_csv(file, index_label="score")
        if self.attributes is not None:
            with write_atomically(f"{folder}/attributes.csv") as file:
                self.attributes.to_csv(file)
        with write_atomically(f"{folder}/bias.csv") as file:
            self.bias.to_csv(file)
        with write_atomically(f"{folder}/how.txt") as file:
            file.write_text("\n".join([*self.summary, "", self.how, ""]), encoding="utf-8")
        titles = ["sample", "nearest training face"]
        columns = self.pairs.shape[1]
        return save_grid(np.concatenate(self.pairs), f"{folder}/nearest.png", columns, row_titles=titles).parent


def evaluate(gan, count=2_000, *, data=None, split="train", images=None, size=None, features=BOTH, seed=0, reject=0.0):
    """Measure a generator against real faces.

    Args:
        gan: a `FaceGAN`; the real faces are cropped as its training faces were (`gan.crop`), its `attribute_network`
            reads what faces show, and its `truncation` is how latents are drawn.
        count: samples drawn, and real faces they are compared with; as many other real faces show what a perfect
            generator would reach. If there are not that many real faces, half of them are compared with the rest.
        data, split: the real faces, as for `load_faces`: those that the generator was trained on.
        images: the fixed number or share of them that it was trained on, chosen by its own seed as
            `load_faces(images=..., seed=gan.seed)` does; None for all. Memorisation searches these for copies, and a
            generator that starts from faces is never given one of them (see `unseen_faces`).
        size: a side, or (height, width), to which samples and real faces are brought first; by default the
            generator's own. Memorisation is always measured at the generator's own.
        features: as for `find_features`, or several of them; what those after the first measure has their names, such
            as "recall (views)". Memorisation always uses the attribute network's.
        seed: of the samples and of the choice of real faces.
        reject: share of the samples that D rejects, as for `FaceGAN.sample`: recall falls, so such results have a row
            of their own.

    Returns:
        An `Evaluation`; `print` it.

    Raises:
        ValueError: no such features or size, too few faces, none that a generator could start from, or a share that
            cannot be rejected.
    """
    count, seed = check_whole("count", count, FEWEST), check_whole("seed", seed, 0)
    kinds = [features] if isinstance(features, (str, Features)) else list(features)
    kinds = {kind if isinstance(kind, str) else kind.name: find_features(kind) for kind in kinds}
    size = check_size(size or gan.size, gan.crop)
    pool, labels = load_real(gan, 2 * count, size, data=data, split=split, seed=seed)
    count = len(pool) // 2
    if count < FEWEST:
        raise ValueError(f"{len(pool)} real faces to compare with: expected at least {2 * FEWEST}, and better 4,000.")
    real, unseen = pool[:count], pool[count : 2 * count]
    target_attributes = gan.sample_attributes(count, None, seed)
    samples, start = draw_samples(gan, target_attributes, data=data, images=images, seed=seed, reject=reject)
    resized = to_size(samples, size)
    how = {"crop": gan.crop or "whole picture", "split": split} | start
    compared = {name: FeatureSets(real, resized, unseen, kind, how, seed) for name, kind in kinds.items()}
    near, pairs = _memorised(gan, samples, data, split, images, how)
    varied = {"pixels": "16x16", "faces": min(VARIED, count)} | how
    varied = Score(diversity(resized[:VARIED]), "diversity", diversity(real[:VARIED]), varied)
    scores = {}
    for name, sets in compared.items():
        suffix = f" ({name})" if scores else ""
        scores |= {metric + suffix: score for metric, score in sets.scores().items()}
    scores |= {score.name: score for score in (varied, near.distance, near.copies)}
    accuracy, unread = None, explain_unread(gan)
    if gan.attributes and not unread:
        accuracy = compare_accuracy(resized, target_attributes, real, labels[:count], how, gan.attribute_network)
    summary = _summary(count, [kind.name for kind in kinds.values()], how, is_drawn(data))
    summary += (unread,) if unread else ()
    bias = bias_report(real, resized, gan.attribute_network)
    return Evaluation(scores, accuracy, bias, pairs, samples, summary)


def _memorised(gan, samples, data, split, images, how):
    """The `Memorisation` of samples, and the nearest pairs (2, k, H, W, 3); reads the training faces in parts."""
    training = open_faces(gan.size, None, data, split, gan.crop, images=images, seed=gan.seed)
    near = memorisation(training.chunks(), samples, how=how)
    first = np.argsort(near.distances)[:PAIRS]
    return near, np.stack([samples[first], training.pictures[training.rows[near.nearest[first]]]])


def _summary(count, features, how, drawn):
    crop = how["crop"]
    framing = "whole pictures" if isinstance(crop, str) else f"crop {crop}"
    start = f" Samples started from {how['started from']}." if "started from" in how else ""
    start += f" Left out: {how['rejected']}." if "rejected" in how else ""
    start += f" Latents truncated to {how['truncation']:g}." if "truncation" in how else ""
    lines = [
        f"{count:,} samples against {count:,} real faces ({framing}, split {how['split']}).{start}",
        f"Features: {'; '.join(features)}.",
    ]
    return (*lines, DRAWN) if drawn else tuple(lines)
