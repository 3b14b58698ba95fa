"""How good the samples are: distances between sets of pictures, each number with the way it was measured."""

import dataclasses

import numpy as np

from facegen_keras.data.images import to_size
from facegen_keras.metrics.distances import (
    fit_subset,
    frechet_distance,
    kernel_distance,
    manifold_overlap,
    nearest,
    nearest_other,
    variance_ratio,
)
from facegen_keras.metrics.features import find_features

COMPARED = 2_000  # training faces whose distance to the nearest other training face is measured
COPY_QUANTILE = 0.01  # a sample nearer to a training face than 99 % of training faces are to each other is a copy
FEWEST = 8  # pictures in a set: fewer are not compared


class Score(float):
    """A number that carries how it was measured. It counts like any float; `print` shows all of it.

    Args:
        value: the number.
        name: of the metric.
        real_vs_real: the same figure for real faces against other real faces: what a perfect generator would reach.
            None if not measured.
        how: dict of what the number depends on: features, counts, crop, resizing, file format.
        std: standard deviation over the subsets, for metrics that take a mean over some.
    """

    def __new__(cls, value, name, real_vs_real, how, std=None):
        score = super().__new__(cls, value)
        score.name, score.real_vs_real, score.how, score.std = name, real_vs_real, how, std
        return score

    def __getnewargs__(self):
        return float(self), self.name, self.real_vs_real, self.how, self.std

    def __str__(self):
        spread = "" if self.std is None else f" +- {self.std:.4f}"
        how = "; ".join(f"{name}: {value}" for name, value in self.how.items())
        best = "not measured: pass unseen=" if self.real_vs_real is None else f"{self.real_vs_real:.4f}"
        return f"{self.name} {float(self):.4f}{spread} (real against real {best}); {how}"


class FeatureSets:
    """The features of real and of generated pictures, extracted once for all the scores that compare the two sets.

    Args:
        real: uint8 array (n, H, W, 3) of real faces.
        fake: uint8 array (m, H, W, 3) of generated ones.
        unseen: uint8 array (n, H, W, 3) of as many other real faces, for `Score.real_vs_real`. Without them KID and
            variance compare two halves of `real`; the other scores, which depend on the count, have no `real_vs_real`.
        features: as for `find_features`.
        how: dict of what else the results should say, such as `{"crop": 148}`.
        seed: of the halves, and of the subsets of KID.

    Raises:
        ValueError: no such features, no such arrays, fewer than 8 pictures in a set, or a different number `unseen`.
        OSError: the weights of Inception were asked for and cannot be downloaded.
    """

    def __init__(self, real, fake, unseen=None, features="faces", how=None, seed=0):
        for name, pictures in (("real", real), ("fake", fake)):
            if len(pictures) < FEWEST:
                raise ValueError(f"{name} has {len(pictures)} pictures: expected at least {FEWEST}, and better 2,000.")
        if unseen is not None and len(unseen) != len(real):
            raise ValueError(f"unseen has {len(unseen)} pictures: expected as many as real, {len(real)}.")
        kind = find_features(features)
        self.real, self.fake = kind.extract(real), kind.extract(fake)
        self.unseen = None if unseen is None else kind.extract(unseen)
        self.seed = seed
        self.how = _how(kind, len(real), np.shape(real)[1:3], fake, how)

    def kid(self, subsets=100, subset_size=500):
        how = self.how | {"subsets": f"{subsets} of {fit_subset(subset_size, self.real, self.fake)}"}
        value, std = kernel_distance(self.real, self.fake, subsets, subset_size, self.seed)
        real_vs_real, _ = kernel_distance(*self._two_real_sets(), subsets, subset_size, self.seed)
        return Score(value, "KID", real_vs_real, how, std)

    def fid(self):
        real_vs_real = None if self.unseen is None else frechet_distance(self.real, self.unseen)
        return Score(frechet_distance(self.real, self.fake), "FID", real_vs_real, self.how)

    def precision_recall(self):
        if len(self.real) != len(self.fake):
            raise ValueError(f"{len(self.real)} real and {len(self.fake)} generated faces: expected as many of each.")
        found = manifold_overlap(self.real, self.fake)
        best = (None, None) if self.unseen is None else manifold_overlap(self.real, self.unseen)
        return tuple(Score(found[i], name, best[i], self.how) for i, name in enumerate(("precision", "recall")))

    def variance_share(self):
        best = variance_ratio(*self._two_real_sets())
        return Score(variance_ratio(self.real, self.fake), "variance share", best, self.how)

    def scores(self):
        """All of them, by their names."""
        found = (self.kid(), self.fid(), *self.precision_recall(), self.variance_share())
        return {score.name: score for score in found}

    def _two_real_sets(self):
        if self.unseen is not None:
            return self.real, self.unseen
        return np.array_split(np.random.default_rng(self.seed).permutation(self.real), 2)


def kid(real, fake, *, subsets=100, subset_size=500, **options):
    """Kernel Inception Distance (Binkowski et al. 2018): unbiased, polynomial kernel of degree 3, mean over subsets.

    Args:
        real, fake: uint8 arrays (n, H, W, 3) and (m, H, W, 3).
        subsets, subset_size: how many random subsets are compared, and how many pictures of each set are in one.
        **options: `unseen`, `features`, `how` and `seed` of `FeatureSets`.

    Returns:
        A `Score`, near 0 if the sets are as alike as two sets of real faces. Scores with other features, crops or sizes
        cannot be compared with it: it says which it used.
    """
    return FeatureSets(real, fake, **options).kid(subsets, subset_size)


def fid(real, fake, **options):
    """Frechet Inception Distance (Heusel et al. 2017); arguments and result as `kid`. Fewer pictures make it larger."""
    return FeatureSets(real, fake, **options).fid()


def precision_recall(real, fake, **options):
    """Improved precision and recall (Kynkaanniemi et al. 2019).

    Precision asks whether samples look real, recall whether the samples cover all kinds of real faces.

    Args:
        real, fake, **options: as for `kid`, with as many real as generated faces.

    Returns:
        Two `Score`s in [0, 1].
    """
    return FeatureSets(real, fake, **options).precision_recall()


def variance_share(real, fake, **options):
    """Which share of the real faces' variety the samples have; arguments and result as `kid`.

    The variance of a set is the mean squared distance of its features from their mean. The share is that of the samples
    divided by that of the real faces: 1 is as it should be; samples that are all alike have 0.
    """
    return FeatureSets(real, fake, **options).variance_share()


@dataclasses.dataclass(frozen=True)
class Memorisation:
    """What `memorisation` found.

    Args:
        distance: `Score`: the median distance of a sample to the nearest training face, divided by the median distance
            of a training face to the nearest other one. About 1 is as it should be; copies make it 0.
        copies: `Score`: the share of samples that count as copies. A sample nearer to a training face than 99 % of
            training faces are to each other counts as a copy, so about 0.01 is as it should be.
        nearest: int array (m,): for each sample, the position of the nearest training face.
        distances: float array (m,): each sample's distance to it, in the same unit as `distance`.
    """

    distance: Score
    copies: Score
    nearest: np.ndarray
    distances: np.ndarray

    def pairs(self, training, fake, count=8):
        """The samples nearest to training faces, above these faces: uint8 (2, count, H, W, 3), nearest first.

        Args:
            training: uint8 array (n, H, W, 3), the training faces; a memory map is read only where needed.
            fake: uint8 array (m, H, W, 3), the samples.
        """
        first = np.argsort(self.distances)[:count]
        return np.stack([np.asarray(fake)[first], np.asarray(training)[self.nearest[first]]])


def memorisation(training, fake, *, how=None):
    """Find the nearest training face of each sample, by the features of the attribute network.

    Args:
        training: all faces that the generator was trained on: uint8 array (n, H, W, 3), or an iterable of such arrays,
            which are read one after another (`FaceSet.chunks`), so that a large data set need not fit in memory.
        fake: uint8 array (m, H, W, 3), the samples.
        how: as for `FeatureSets`.

    Returns:
        A `Memorisation`.

    Raises:
        ValueError: there are no two different training faces.
    """
    kind = find_features("faces")
    chunks = [training] if isinstance(training, np.ndarray) else training
    parts, size = [], None
    for chunk in chunks:
        size = chunk.shape[1:3]
        parts.append(kind.extract(chunk))
    known, generated = np.concatenate(parts or [np.zeros((0, 1))]), kind.extract(fake)
    between = nearest_other(known, COMPARED)
    if not len(between):
        raise ValueError(f"{len(known)} training faces: expected at least two different ones, to compare samples with.")
    places, found = nearest(generated, known)
    how = _how(kind, len(known), size, fake, how)
    distance = Score(np.median(found) / np.median(between), "memorisation", 1.0, how)
    copies = Score((found < np.quantile(between, COPY_QUANTILE)).mean(), "copies", COPY_QUANTILE, how)
    return Memorisation(distance, copies, places, found / np.median(between))


def diversity(pictures):
    """How different pictures are from each other: the mean distance between two of them.

    The pictures are shrunk to 16x16 first, so that noise does not count as variety: what counts is where light, hair
    and face are. Real CelebA faces reach about 0.3; a generator that makes only one face gets 0.

    Args:
        pictures: uint8 array (count, H, W, 3), at least 2.

    Returns:
        float in [0, 1]: root mean square difference of two pictures, averaged over all pairs.

    Raises:
        ValueError: fewer than two pictures.
    """
    if len(pictures) < 2:
        raise ValueError(f"diversity of {len(pictures)} pictures: expected at least 2.")
    flat = to_size(pictures, (16, 16), "box").reshape(len(pictures), -1) / 255
    squares = (flat**2).sum(axis=1)
    distance = (squares[:, None] + squares[None, :] - 2 * flat @ flat.T) / flat.shape[1]
    pairs = np.triu_indices(len(pictures), 1)
    return float(np.sqrt(np.maximum(distance[pairs], 0)).mean())


def _how(kind, real_count, real_size, fake, more):
    real_size, fake_size = ("x".join(map(str, size)) for size in (real_size, np.shape(fake)[1:3]))
    return {
        "features": kind.name,
        "real faces": real_count,
        "generated faces": len(fake),
        **(more or {}),
        "pixels": f"{real_size} real, {fake_size} generated",
        "resizing": kind.resizing,
        "file format": "real as decoded and resized, generated as drawn; neither saved in between",
    }
