"""How far apart two sets of feature vectors are: the arithmetic of KID, FID, precision, recall and variance."""

import math

import numpy as np

NEIGHBOURS = 3  # the k of precision and recall, as in Kynkaanniemi et al. 2019
BLOCK = 4_000_000  # distances computed at once: 32 MB
EQUAL = 1e-4  # vectors nearer to each other than this share of their length are of the same picture


def kernel_distance(real, fake, subsets=100, subset_size=500, seed=0):
    """Kernel Inception Distance's arithmetic (Binkowski et al. 2018): unbiased squared MMD, polynomial kernel.

    Args:
        real, fake: float arrays (n, d) and (m, d) of features.
        subsets: how many random subsets of both are compared.
        subset_size: how many vectors of each set are in a subset, at most; see `fit_subset`.
        seed: of the subsets.

    Returns:
        The mean over the subsets, which is 0 in expectation for two sets of one distribution, and the standard
        deviation over them.

    Raises:
        ValueError: fewer than two vectors in a set, vectors of different lengths or with values that are not finite; no
            subset, or subsets of fewer than two.
    """
    if subsets < 1 or subset_size < 2:
        raise ValueError(f"subsets={subsets}, subset_size={subset_size}: expected at least 1 subset of at least 2.")
    real, fake = _checked(real, fake)
    size = fit_subset(subset_size, real, fake)
    rng = np.random.default_rng(seed)
    values = [
        _squared_mmd(*(vectors[rng.choice(len(vectors), size, replace=False)] for vectors in (real, fake)))
        for _ in range(subsets)
    ]
    return float(np.mean(values)), float(np.std(values))


def fit_subset(subset_size, real, fake):
    """The size of `kernel_distance`'s subsets: at most half of the smaller set, so that subsets differ."""
    return min(subset_size, max(2, min(len(real), len(fake)) // 2))


def _squared_mmd(x, y):
    def kernel(a, b):
        return (a @ b.T / a.shape[1] + 1) ** 3

    def between_different(a):
        values = kernel(a, a)
        return (values.sum() - np.trace(values)) / (len(a) * (len(a) - 1))

    return between_different(x) + between_different(y) - 2 * kernel(x, y).mean()


def frechet_distance(real, fake):
    """Frechet Inception Distance's arithmetic (Heusel et al. 2017): between two Gaussians with the moments of the sets.

    It is biased: fewer vectors give a larger distance, so compare only equal counts.

    Args:
        real, fake: float arrays (n, d) and (m, d) of features.

    Returns:
        float, at least 0.

    Raises:
        ValueError: fewer than two vectors in a set, or vectors that cannot be compared.
    """
    real, fake = _checked(real, fake)
    means = ((real.mean(axis=0) - fake.mean(axis=0)) ** 2).sum()
    of_real, of_fake = (np.atleast_2d(np.cov(vectors, rowvar=False)) for vectors in (real, fake))
    values, vectors = np.linalg.eigh(of_real)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    product = np.linalg.eigvalsh(root @ of_fake @ root)  # it has the eigenvalues of of_real @ of_fake
    return float(max(means + np.trace(of_real) + np.trace(of_fake) - 2 * np.sqrt(np.maximum(product, 0)).sum(), 0))


def variance_ratio(real, fake):
    """The total variance of `fake` (the sum over its components), divided by that of `real`.

    Args:
        real, fake: float arrays (n, d) and (m, d) of features.

    Returns:
        float, at least 0; NaN if all of `real` are equal.

    Raises:
        ValueError: fewer than two vectors in a set, or vectors that cannot be compared.
    """
    shifted = (vectors - vectors[0] for vectors in _checked(real, fake))  # of equal vectors exactly 0
    of_real, of_fake = (vectors.var(axis=0, ddof=1).sum() for vectors in shifted)
    return float(of_fake / of_real) if of_real else math.nan


def manifold_overlap(real, fake, neighbours=NEIGHBOURS):
    """Improved precision and recall (Kynkaanniemi et al. 2019).

    A set's manifold is the union of balls around its vectors; each ball reaches to its vector's k-th nearest neighbour.

    Args:
        real, fake: float arrays (n, d) and (m, d) of features; compare equal counts only.
        neighbours: k.

    Returns:
        Precision, the share of `fake` in the manifold of `real` (do samples look real?), and recall, the share of
        `real` in the manifold of `fake` (do samples cover all kinds of real faces?).

    Raises:
        ValueError: no more than k vectors in a set, or vectors that cannot be compared.
    """
    real, fake = _checked(real, fake)
    if min(len(real), len(fake)) <= neighbours:
        raise ValueError(f"{len(real)} real and {len(fake)} generated: expected more than {neighbours} of each.")
    return _share_inside(fake, real, neighbours), _share_inside(real, fake, neighbours)


def _share_inside(vectors, others, neighbours):
    """The share of vectors in the manifold of others."""
    near = (np.partition(between, neighbours, axis=1)[:, neighbours] for between in _in_blocks(others, others))
    radii = np.concatenate(list(near))  # each is its own 0th neighbour
    return float(np.concatenate([(between <= radii).any(axis=1) for between in _in_blocks(vectors, others)]).mean())


def distances(x, y):
    """Euclidean distances (n, m) between vectors (n, d) and (m, d)."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    squares = np.einsum("nd,nd->n", x, x)[:, None] + np.einsum("md,md->m", y, y) - 2 * x @ y.T
    return np.sqrt(np.maximum(squares, 0))


def nearest(x, y):
    """For each vector of `x` (n, d), the position in `y` (m, d) of the nearest one, and the distance to it.

    Returns:
        Two arrays (n,), of int and of float.
    """
    places, found = [], []
    for between in _in_blocks(x, y):
        places.append(between.argmin(axis=1))
        found.append(between.min(axis=1))
    return np.concatenate(places), np.concatenate(found)


def nearest_other(vectors, count):
    """How far each of the first `count` of vectors (n, d) is from the nearest different one.

    A data set may have the same picture twice; their distance of 0 says nothing about how alike two faces are.

    Returns:
        float array (k,): one for each vector that differs from any other; empty if all are equal.
    """
    if not len(vectors):
        return np.zeros(0)
    equal = EQUAL * np.linalg.norm(vectors, axis=1).mean()
    blocks = _in_blocks(vectors[:count], vectors)
    found = np.concatenate([np.where(between > equal, between, np.inf).min(axis=1) for between in blocks])
    return found[np.isfinite(found)]


def _in_blocks(x, y):
    """`distances(x, y)` in blocks of rows, so that memory is bounded."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    at_once = max(1, BLOCK // len(y))
    for start in range(0, len(x), at_once):
        yield distances(x[start : start + at_once], y)


def _checked(real, fake):
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    if min(len(real), len(fake)) < 2 or real.shape[1:] != fake.shape[1:]:
        raise ValueError(f"features {real.shape} and {fake.shape}: expected at least 2 of each, of one length.")
    if not (np.isfinite(real).all() and np.isfinite(fake).all()):
        raise ValueError("The features hold NaN or infinite numbers: expected finite ones.")
    return real, fake
