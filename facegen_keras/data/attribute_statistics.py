"""How often CelebA's attributes occur, alone and together, and random attribute vectors with these statistics."""

import functools
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

from facegen_keras.checks import check_whole
from facegen_keras.data.attributes import ATTRIBUTES, resolve_attributes

RELATED = 0.35  # correlation from which an attribute may go along with another one that changes
STATISTICS_FILE = Path(__file__).parents[1] / "assets" / "celeba_statistics.csv"

# At most one of each group: what the labels of a single face cannot say together.
EXCLUSIVE = (
    ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair"),
    ("Straight_Hair", "Wavy_Hair"),
    ("Bangs", "Receding_Hairline"),
    *(("Bald", name) for name in ("Bangs", "Black_Hair", "Blond_Hair", "Brown_Hair", "Straight_Hair", "Wavy_Hair")),
    *(("No_Beard", name) for name in ("Goatee", "Mustache", "Sideburns")),
    *(("Male", name) for name in ("Heavy_Makeup", "Wearing_Lipstick")),  # together in 0.3 % of CelebA
)
# Absent from 99.9 % of the faces that are not Male. So is a beard, which CelebA labels by its absence (No_Beard).
MALE_ONLY = ("5_o_Clock_Shadow", "Bald", "Goatee", "Mustache", "Sideburns")


def measure_statistics(attributes):
    """Measure the frequency of each attribute and the correlation (phi) of each pair.

    Args:
        attributes: DataFrame (pictures, n) of 0/1 values, one column an attribute.

    Returns:
        DataFrame (n, 1 + n): column `frequency`, then one column of correlations for each attribute;
        the correlation with an attribute that never varies is 0.
    """
    correlations = attributes.corr().fillna(0.0)
    correlations.insert(0, "frequency", attributes.mean())
    return correlations


@functools.cache
def celeba_statistics():
    """The statistics of the 202,599 official labels, as `measure_statistics` gives them (rounded to 4 digits)."""
    return pd.read_csv(STATISTICS_FILE, index_col=0)


@functools.cache
def related_attributes(names, others=ATTRIBUTES):
    """Which attributes may go along with a change of some others, such as a beard with Male.

    Args:
        names: a tuple of attributes.
        others: a tuple of those that may go along.

    Returns:
        bool array (len(names), len(others)): whether its correlation in CelebA is `RELATED` or more, or a face cannot
        have both, such as two hair colours; so is each with itself. Of other names than CelebA's no more is known.
    """
    known = celeba_statistics().reindex(index=list(names), columns=list(others))
    related = known.abs().to_numpy() >= RELATED
    exclusive = [[any({name, other} <= set(group) for group in EXCLUSIVE) for other in others] for name in names]
    return related | np.array(exclusive) | (np.array(names)[:, None] == np.array(others))


def sample_attributes(count, seed=0, given=None):
    """Draw random attribute vectors with CelebA's frequencies and correlations.

    A Gaussian copula: correlated normal numbers, cut at the threshold that gives each attribute its frequency;
    vectors that no face can have (two hair colours, bald with bangs) are drawn again.

    Args:
        count: how many vectors.
        seed: an int, a list of ints or a numpy Generator.
        given: a dict of attributes that are fixed, such as `{"Male": 1}`; the others are drawn as they occur together
            with these.

    Returns:
        int array (count, 40), values 0 and 1, columns in the order of `ATTRIBUTES`.

    Raises:
        ValueError: `given` names an unknown attribute or has a value that is not 0 or 1; `count` or `seed` is
            no whole number.
    """
    count = check_whole("count", count, 0)
    seed = check_whole("seed", seed, 0) if isinstance(seed, (int, float)) else seed
    given = given or {}
    fixed = [ATTRIBUTES.index(name) for name in resolve_attributes(list(given))]
    values = np.array(list(given.values()), dtype=np.float64)
    if not np.isin(values, (0, 1)).all():
        raise ValueError(f"given={given}: the value of an attribute must be 0 or 1.")
    thresholds, factor = _calibrated_copula()
    rng = np.random.default_rng(seed)
    kept = np.empty((0, len(ATTRIBUTES)), dtype=np.int64)
    for _ in range(40):
        drawn = _exceed(thresholds, factor, max(4 * count, 1_000), rng)
        kept = np.concatenate([kept, drawn[_possible(drawn) & (drawn[:, fixed] == values).all(axis=1)]])
        if len(kept) >= count:
            return kept[:count]
    # A rare or impossible combination: draw vectors without it, and overwrite what is given and what follows from it.
    drawn = sample_attributes(count, rng)
    for name, value in (implied_attributes(given) | given).items():
        drawn[:, ATTRIBUTES.index(name)] = value
    return drawn


@functools.cache
def _calibrated_copula():
    """The copula, its thresholds moved so that the vectors that pass `_possible` have CelebA's frequencies."""
    thresholds, factor = _copula()
    frequency = celeba_statistics()["frequency"].to_numpy()
    for step in range(6):
        drawn = _exceed(thresholds, factor, 20_000, np.random.default_rng(step))
        kept = drawn[_possible(drawn)].mean(axis=0).clip(1e-3, 1 - 1e-3)
        thresholds = (
            thresholds + np.vectorize(NormalDist().inv_cdf)(kept) - np.vectorize(NormalDist().inv_cdf)(frequency)
        )
    return thresholds, factor


def _exceed(thresholds, factor, count, rng):
    return (rng.standard_normal((count, len(thresholds))) @ factor.T > thresholds).astype(np.int64)


def _possible(vectors):
    columns = dict(zip(ATTRIBUTES, vectors.T))
    possible = np.ones(len(vectors), dtype=bool)
    for group in EXCLUSIVE:
        possible &= sum(columns[name] for name in group) <= 1
    for name in MALE_ONLY:
        possible &= columns[name] <= columns["Male"]
    return possible & (1 - columns["No_Beard"] <= columns["Male"])


def _copula():
    """Thresholds (40,) and a factor (40, 40) whose product with its transpose is the normal correlation."""
    statistics = celeba_statistics()
    frequency = statistics["frequency"].to_numpy()
    phi = statistics[list(ATTRIBUTES)].to_numpy()
    std = np.sqrt(frequency * (1 - frequency))
    both = np.outer(frequency, frequency) + phi * np.outer(std, std)
    thresholds = np.array([-NormalDist().inv_cdf(p) for p in frequency])
    latent = _normal_correlation(thresholds[:, None], thresholds[None, :], both)
    np.fill_diagonal(latent, 1.0)
    values, vectors = np.linalg.eigh(latent)
    factor = vectors * np.sqrt(np.clip(values, 1e-6, None))
    return thresholds, factor / np.linalg.norm(factor, axis=1, keepdims=True)


def _normal_correlation(a, b, both):
    """The correlation at which two normal numbers exceed `a` and `b` together with probability `both`; by bisection."""
    low, high = np.full(both.shape, -0.999), np.full(both.shape, 0.999)
    for _ in range(30):
        middle = (low + high) / 2
        too_high = _exceed_together(a, b, middle) > both
        low, high = np.where(too_high, low, middle), np.where(too_high, middle, high)
    return (low + high) / 2


def _exceed_together(a, b, correlation, nodes=48):
    """P(X > a, Y > b) of the bivariate normal: Plackett's integral over the correlation, by Gauss-Legendre."""
    tail = np.vectorize(lambda x: 1 - NormalDist().cdf(x))
    points, weights = np.polynomial.legendre.leggauss(nodes)
    angle = np.arcsin(correlation)[..., None] * (points + 1) / 2
    exponent = (a**2 + b**2)[..., None] - 2 * (a * b)[..., None] * np.sin(angle)
    integral = (np.exp(-exponent / (2 * np.cos(angle) ** 2)) * weights).sum(-1) * np.arcsin(correlation) / 2
    return tail(a) * tail(b) + integral / (2 * np.pi)


def implied_attributes(changes):
    """The attributes that follow from a change of others, because CelebA has no faces with another combination.

    `{"Blond_Hair": 1}` implies that the other hair colours and Bald are 0; `{"Goatee": 1}` implies that Male is 1.

    Args:
        changes: a dict of attribute to value, 0 or 1.

    Returns:
        A dict of the implied attributes to their values, without those of `changes` that are 1.
    """
    on = {name for name, value in changes.items() if value}
    implied = {other: 0 for group in EXCLUSIVE if on & set(group) for other in group if other not in on}
    return implied | ({"Male": 1} if on & set(MALE_ONLY) or changes.get("No_Beard") == 0 else {})
