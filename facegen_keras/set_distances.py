"""How far apart two sets of feature vectors are: the arithmetic of KID, FID, precision and recall."""

import numpy as np

NEIGHBOURS = 3  # of the manifolds, as in Kynkaanniemi et al. 2019


def kernel_distance(real, fake, subsets=100, subset_size=500, seed=0):
    """Kernel Inception Distance's arithmetic (Binkowski et al. 2018): unbiased squared MMD, polynomial kernel.

    Args:
        real, fake: float arrays (n, d) and (m, d) of features.
        subsets: how many random subsets of both are compared.
        subset_size: how many of each in a subset, at most; see `fit_subset`.
        seed: of the subsets.

    Returns:
        Mean over the subsets, 0 in expectation for sets of one distribution, and their standard deviation.

    Raises:
        ValueError: fewer than two vectors in a set, or sets of different length of vectors; no subset, or one of fewer
            than two.
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
    """The size of `kernel_distance`'s subsets: as asked for, or half of the smaller set, so that subsets differ."""
    return min(subset_size, max(2, min(len(real), len(fake)) // 2))


def _squared_mmd(x, y):
    def kernel(a, b):
        return (a @ b.T / a.shape[1] + 1) ** 3

    def between_different(a):
        values = kernel(a, a)
        return (values.sum() - np.trace(values)) / (len(a) * (len(a) - 1))

    return between_different(x) + between_different(y) - 2 * kernel(x, y).mean()


def frechet_distance(real, fake):
    """Frechet Inception Distance's arithmetic (Heusel et al. 2017): between two Gaussians of the same moments.

    It is biased: fewer vectors give a larger distance, so compare only equal counts, and mind the floor.

    Args:
        real, fake: float arrays (n, d) and (m, d) of features.

    Returns:
        float, at least 0.
    """
    real, fake = _checked(real, fake)
    means = ((real.mean(axis=0) - fake.mean(axis=0)) ** 2).sum()
    of_real, of_fake = (np.atleast_2d(np.cov(vectors, rowvar=False)) for vectors in (real, fake))
    values, vectors = np.linalg.eigh(of_real)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    product = np.linalg.eigvalsh(root @ of_fake @ root)  # of the same eigenvalues as of_real @ of_fake
    return float(max(means + np.trace(of_real) + np.trace(of_fake) - 2 * np.sqrt(np.maximum(product, 0)).sum(), 0))


def manifold_overlap(real, fake, neighbours=NEIGHBOURS):
    """Improved precision and recall (Kynkaanniemi et al. 2019).

    A set's manifold is the union of balls around its vectors, each as wide as the distance to its k-th neighbour.

    Args:
        real, fake: float arrays (n, d) and (m, d) of features; compare equal counts only.
        neighbours: k.

    Returns:
        Precision: the share of `fake` in the manifold of `real` (do samples look real?); recall: the share of
        `real` in the manifold of `fake` (is all that is real drawn?).
    """
    real, fake = _checked(real, fake)
    if min(len(real), len(fake)) <= neighbours:
        raise ValueError(f"{len(real)} real and {len(fake)} generated: expected more than {neighbours} of each.")
    between = distances(real, fake)
    precision = (between <= _radii(real, neighbours)[:, None]).any(axis=0).mean()
    recall = (between <= _radii(fake, neighbours)[None]).any(axis=1).mean()
    return float(precision), float(recall)


def _radii(vectors, neighbours):
    return np.partition(distances(vectors, vectors), neighbours, axis=1)[:, neighbours]  # itself is the 0th


def distances(x, y):
    """Euclidean distances (n, m) between vectors (n, d) and (m, d)."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    squares = np.einsum("nd,nd->n", x, x)[:, None] + np.einsum("md,md->m", y, y) - 2 * x @ y.T
    return np.sqrt(np.maximum(squares, 0))


def nearest(x, y, rank=0, at_once=200):
    """For each vector of `x` (n, d) the place in `y` (m, d) of the nearest, and its distance: two arrays (n,).

    Args:
        rank: 0 for the nearest, 1 for the one after it, as where `x` is of `y` and each vector its own nearest.
        at_once: vectors compared at once; bounds the memory.
    """
    places, found = [], []
    for start in range(0, len(x), at_once):
        between = distances(x[start : start + at_once], y)
        places.append(np.argpartition(between, rank, axis=1)[:, rank])
        found.append(np.take_along_axis(between, places[-1][:, None], axis=1)[:, 0])
    return np.concatenate(places), np.concatenate(found)


def _checked(real, fake):
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    if min(len(real), len(fake)) < 2 or real.shape[1:] != fake.shape[1:]:
        raise ValueError(f"features {real.shape} and {fake.shape}: expected at least 2 of each, of one length.")
    return real, fake
