"""Which labels go together in a data set of one's own: measured when it is loaded, and kept with the GAN."""

import dataclasses

import numpy as np

from facegen_keras.checks import check_whole
from facegen_keras.data.attributes import resolve_attributes

KEPT = 2_000  # different vectors of labels that are kept at most
STEPS = 100  # a strength is kept in so many steps
CERTAIN = 8  # pictures of two values together that chance would make, from which their absence means something


@dataclasses.dataclass(frozen=True, eq=False)
class LabelStatistics:
    """The vectors of labels that a data set has, and how many of its pictures have each.

    What is drawn from them has the frequencies of the data set, and what goes together there goes together.

    Args:
        names: of the n labels.
        vectors: float32 array (k, n), different rows of strengths in [0, 1].
        counts: int array (k,), how many pictures have each.

    Raises:
        ValueError: the arrays do not fit each other, or hold something else.
    """

    names: tuple
    vectors: np.ndarray
    counts: np.ndarray

    def __post_init__(self):
        fits = self.counts.ndim == 1 and self.vectors.shape == (len(self.counts), len(self.names)) and len(self.counts)
        in_range = (self.vectors >= 0).all() and (self.vectors <= 1).all()
        if not (fits and in_range and (self.counts > 0).all() and (self.counts < 2**32).all()):
            raise ValueError(f"label statistics: expected counts of vectors in [0, 1] for {', '.join(self.names)}.")

    @classmethod
    def measure(cls, names, values, seed=0):
        """The statistics of a data set.

        Args:
            names: of the n labels.
            values: float array (pictures, n), strengths in [0, 1].
            seed: of the choice among vectors, where there are more different ones than 2,000.
        """
        vectors, counts = _count(np.rint(np.asarray(values, np.float32) * STEPS))
        if len(counts) > KEPT:
            chosen = np.random.default_rng(seed).choice(len(counts), KEPT, p=counts / counts.sum())
            vectors, counts = _count(vectors[chosen])
        return cls(tuple(names), (vectors / STEPS).astype(np.float32), counts)

    @property
    def frequencies(self):
        """How strong each label is on the average: float32 (n,)."""
        return (self.counts @ self.vectors / self.counts.sum()).astype(np.float32)

    @property
    def are_classes(self):
        """Whether each picture has exactly one of the labels, and there are several."""
        return len(self.names) > 1 and bool((self._shown.sum(axis=1) == 1).all())

    @property
    def plain(self):
        """The labels of a plain face, to which others are added: none, or, if no face has none, the commonest."""
        if not self._shown.any(axis=1).all():
            return np.zeros(len(self.names), np.float32)
        return self._shown[self.counts.argmax()].astype(np.float32)

    def sample(self, count, seed=0, given=None):
        """Draw vectors of labels as the data set has them.

        Args:
            count: how many.
            seed: an int, a list of ints or a numpy Generator.
            given: a dict of labels that are fixed to 0 or 1; the others are drawn as they occur together with these,
                or, where no picture has these together, with most of them.

        Returns:
            float32 array (count, n).

        Raises:
            ValueError: `given` names an unknown label; `count` or `seed` is no whole number.
        """
        count = check_whole("count", count, 0)
        seed = check_whole("seed", seed, 0) if isinstance(seed, (int, float)) else seed
        given = given or {}
        fixed = [self.names.index(name) for name in resolve_attributes(list(given), known=self.names)]
        agrees = (self._shown[:, fixed] == np.array(list(given.values()))).sum(axis=1)
        weights = np.where(agrees == agrees.max(), self.counts, 0)
        drawn = self.vectors[np.random.default_rng(seed).choice(len(weights), count, p=weights / weights.sum())].copy()
        if agrees.max() < len(given):
            for name, value in (self.implied(given) | given).items():
                drawn[:, self.names.index(name)] = value
        return drawn

    def implied(self, changes):
        """The labels that follow from a change of others, because the data set has no picture with another combination.

        Args:
            changes: a dict of label to value, 0 or 1.

        Returns:
            A dict of the implied labels to their values, without those of `changes`.
        """
        implied = {}
        for name, value in changes.items():
            if name in self.names:
                follows = self._follows(self.names.index(name), bool(value))
                implied |= {other: follows[i] for i, other in enumerate(self.names) if i in follows}
        return {name: value for name, value in implied.items() if name not in changes}

    def _follows(self, place, value):
        """What pictures with a value of a label have in common, by the place of each other label."""
        shown, counts = self._shown, self.counts
        chosen = shown[:, place] == value
        if not chosen.any():
            return {}
        with_value, share = counts[chosen].sum(), counts @ shown / counts.sum()
        follows = {}
        for other in set(range(len(self.names))) - {place}:
            first = int(shown[chosen, other][0])
            by_chance = with_value * (1 - share[other] if first else share[other])  # pictures with the other value
            if (shown[chosen, other] == first).all() and (self.are_classes or by_chance >= CERTAIN):
                follows[other] = first
        return follows

    @property
    def _shown(self):
        return self.vectors > 0.5

    def get_config(self):
        """The statistics for JSON, without the names: for each vector a text, two digits a strength, and the counts."""
        levels = np.rint(self.vectors * STEPS).astype(np.uint8)
        return {"vectors": [bytes(row).hex() for row in levels], "counts": self.counts.tolist()}

    @classmethod
    def from_config(cls, names, config):
        """What `get_config` gave, for these names.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        rows = [np.frombuffer(bytes.fromhex(row), np.uint8) for row in config["vectors"]]
        return cls(tuple(names), np.stack(rows).astype(np.float32) / STEPS, np.array(config["counts"], np.int64))


def _count(rows):
    """The different rows of an array (count, n), and how often each is there."""
    return np.unique(rows, axis=0, return_counts=True)
