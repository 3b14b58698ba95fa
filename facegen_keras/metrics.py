"""How good the samples are: distances between sets of pictures, each number with the way it was measured."""

import dataclasses

import numpy as np

from facegen_keras.attribute_network import to_size
from facegen_keras.features import find_features
from facegen_keras.set_distances import fit_subset, frechet_distance, kernel_distance, manifold_overlap, nearest

AMONG = 2_000  # training faces whose nearest other one is looked for
RARELY = 0.01  # share of training faces that have another one so near that a sample as near passes for a copy
FEWEST = 8  # pictures on each side, under which nothing is compared


class Score(float):
    """A number that carries how it was measured; `print` tells all of it, and it counts like any float.

    Args:
        value: the number.
        name: of the metric.
        floor: the same figure for real faces against other real faces, the best that can be reached; None where it was
            not measured.
        how: dict of what the number depends on: features, counts, crop, resizing, file format.
        deviation: standard deviation over subsets, where there are some.
    """

    def __new__(cls, value, name, floor, how, deviation=None):
        score = super().__new__(cls, value)
        score.name, score.floor, score.how, score.deviation = name, floor, how, deviation
        return score

    def __str__(self):
        spread = "" if self.deviation is None else f" +- {self.deviation:.4f}"
        how = "; ".join(f"{name}: {value}" for name, value in self.how.items())
        floor = "not measured: pass unseen=" if self.floor is None else f"{self.floor:.4f}"
        return f"{self.name} {float(self):.4f}{spread} (real against real {floor}); {how}"


class Comparison:
    """Real and generated pictures, turned into features once, for all the scores that compare them.

    Args:
        real: uint8 array (n, H, W, 3) of real faces.
        fake: uint8 array (m, H, W, 3) of generated ones.
        unseen: as many real faces more, which the floor compares with `real`. Without them KID's floor is between
            halves of `real`, and the others, which depend on the count, have none.
        features: as for `find_features`.
        crop: of the real faces, as `load_faces` has it, to be named in the results.
        seed: of the halves and of the subsets of KID.

    Raises:
        ValueError: no such features, or no such arrays, or fewer than 8 pictures in one, or another number `unseen`.
    """

    def __init__(self, real, fake, unseen=None, features=None, crop="not told", seed=0):
        for name, pictures in (("real", real), ("fake", fake)):
            if len(pictures) < FEWEST:
                raise ValueError(f"{name} has {len(pictures)} pictures: expected at least {FEWEST}, and better 2,000.")
        if unseen is not None and len(unseen) != len(real):
            raise ValueError(f"unseen has {len(unseen)} pictures: expected as many as real, {len(real)}.")
        kind = find_features(features)
        self.real, self.fake = kind.extract(real), kind.extract(fake)
        self.unseen = None if unseen is None else kind.extract(unseen)
        self.seed = seed
        self.how = _how(kind, real, fake, crop)

    def kid(self, subsets=100, subset_size=500):
        how = self.how | {"subsets": f"{subsets} of {fit_subset(subset_size, self.real, self.fake)}"}
        value, deviation = kernel_distance(self.real, self.fake, subsets, subset_size, self.seed)
        halves = np.array_split(np.random.default_rng(self.seed).permutation(self.real), 2)
        pair = halves if self.unseen is None else (self.real, self.unseen)
        return Score(value, "KID", kernel_distance(*pair, subsets, subset_size, self.seed)[0], how, deviation)

    def fid(self):
        floor = None if self.unseen is None else frechet_distance(self.real, self.unseen)
        return Score(frechet_distance(self.real, self.fake), "FID", floor, self.how)

    def precision_recall(self):
        if len(self.real) != len(self.fake):
            raise ValueError(f"{len(self.real)} real and {len(self.fake)} generated faces: expected as many of each.")
        precision, recall = manifold_overlap(self.real, self.fake)
        floors = (None, None) if self.unseen is None else manifold_overlap(self.real, self.unseen)
        return Score(precision, "precision", floors[0], self.how), Score(recall, "recall", floors[1], self.how)


def kid(real, fake, *, subsets=100, subset_size=500, **options):
    """Kernel Inception Distance (Binkowski et al. 2018): unbiased, polynomial kernel of degree 3, mean over subsets.

    Args:
        real, fake: uint8 arrays (n, H, W, 3) and (m, H, W, 3).
        subsets, subset_size: how many random subsets, and how many of each set in one.
        **options: `unseen`, `features`, `crop` and `seed` of `Comparison`.

    Returns:
        A `Score`; 0 is as near as two sets of real faces are. Scores of other features, crops or sizes cannot be
        compared with it: it says which they are.
    """
    return Comparison(real, fake, **options).kid(subsets, subset_size)


def fid(real, fake, **options):
    """Frechet Inception Distance (Heusel et al. 2017); arguments and result as `kid`. Fewer pictures make it larger."""
    return Comparison(real, fake, **options).fid()


def precision_recall(real, fake, **options):
    """Improved precision and recall (Kynkaanniemi et al. 2019): do samples look real; is all that is real drawn?

    Args:
        real, fake, **options: as for `kid`; equal counts.

    Returns:
        Two `Score`s in [0, 1].
    """
    return Comparison(real, fake, **options).precision_recall()


@dataclasses.dataclass(frozen=True)
class Memorisation:
    """What `memorisation` found.

    Args:
        distance: `Score`: the median distance of a sample to the nearest training face, by the same of training faces
            to one another. About 1 is as it should be; copies make it 0.
        copies: `Score`: the share of samples that are nearer to a training face than all but one in a hundred
            training faces are to another. About 0.01 is as it should be.
        nearest: int array (m,), for each sample the place of the nearest training face.
        distances: float array (m,), each sample's, of the same measure as `distance`.
    """

    distance: Score
    copies: Score
    nearest: np.ndarray
    distances: np.ndarray

    def pairs(self, training, fake, count=8):
        """The samples nearest to training faces, above these faces: uint8 (2, count, H, W, 3), nearest first."""
        first = np.argsort(self.distances)[:count]
        return np.stack([np.asarray(fake)[first], np.asarray(training)[self.nearest[first]]])


def memorisation(training, fake, *, crop="not told"):
    """Find the nearest training face of each sample, by the features of the attribute network.

    Args:
        training: uint8 array (n, H, W, 3), all faces that the generator was trained on.
        fake: uint8 array (m, H, W, 3).
        crop: as for `Comparison`.

    Returns:
        A `Memorisation`.
    """
    kind = find_features("faces")
    known, drawn = kind.extract(training), kind.extract(fake)
    places, found = nearest(drawn, known)
    among = nearest(known[:AMONG], known, rank=1)[1]
    how = _how(kind, training, fake, crop)
    distance = Score(np.median(found) / np.median(among), "memorisation", 1.0, how)
    copies = Score((found < np.quantile(among, RARELY)).mean(), "copies", RARELY, how)
    return Memorisation(distance, copies, places, found / np.median(among))


def diversity(pictures):
    """How different pictures are from each other: the mean distance between two of them.

    Measured on pictures shrunk to 16x16, so that noise does not pass for variety: what counts is where light, hair
    and face are. Real CelebA faces reach about 0.3; a generator that draws one face only, 0.

    Args:
        pictures: uint8 array (count, H, W, 3), at least 2.

    Returns:
        float in [0, 1]: root mean square difference of two pictures, averaged over all pairs.
    """
    if len(pictures) < 2:
        raise ValueError(f"diversity of {len(pictures)} pictures: expected at least 2.")
    flat = to_size(pictures, (16, 16), "box").reshape(len(pictures), -1) / 255
    squares = (flat**2).sum(axis=1)
    distance = (squares[:, None] + squares[None, :] - 2 * flat @ flat.T) / flat.shape[1]
    pairs = np.triu_indices(len(pictures), 1)
    return float(np.sqrt(np.maximum(distance[pairs], 0)).mean())


def _how(kind, real, fake, crop):
    real_size, fake_size = ("x".join(map(str, np.shape(pictures)[1:3])) for pictures in (real, fake))
    return {
        "features": kind.name,
        "real faces": len(real),
        "generated faces": len(fake),
        "crop": crop,
        "pixels": f"{real_size} real, {fake_size} generated",
        "resizing": kind.resizing,
        "file format": "real as decoded and resized, generated as drawn; neither saved in between",
    }
