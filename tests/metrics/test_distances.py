"""The arithmetic of the metrics, on numbers whose result is known."""

import numpy as np
import pytest

from facegen_keras.metrics import distances
from facegen_keras.metrics.distances import (
    frechet_distance,
    kernel_distance,
    manifold_overlap,
    nearest,
    nearest_other,
    variance_ratio,
)


def gaussian(count, mean=0.0, scale=1.0, seed=0, dimensions=6):
    return np.random.default_rng(seed).normal(mean, scale, (count, dimensions))


def test_kernel_distance_is_unbiased_where_sets_are_alike():
    values = [kernel_distance(gaussian(60, seed=i), gaussian(60, seed=100 + i), subsets=1)[0] for i in range(40)]
    assert abs(np.mean(values)) < 2 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0 < max(values)


def test_kernel_distance_of_two_known_sets():
    """By hand, as k(a, b) = (ab + 1)^3: k(0, 1) = 1 between the real ones, k(1, 2) = 27 between the others."""
    real, fake = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    # across: 1, 1, 8 and 27, a mean of 9.25
    value, std = kernel_distance(real, fake, subsets=3)
    assert value == pytest.approx(1 + 27 - 2 * 9.25) and std == pytest.approx(0)


def test_frechet_distance_of_known_gaussians():
    real = gaussian(20_000)
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(real, real + 2) == pytest.approx(6 * 4)
    assert frechet_distance(real, gaussian(20_000, seed=1, scale=3)) == pytest.approx(6 * 4, rel=0.05)


def test_frechet_distance_has_the_covariance_term():
    """Two lines across each other: equal means and variances, but correlated the other way."""
    along = np.random.default_rng(0).normal(0, 1, (5_000, 1))
    found = frechet_distance(np.hstack([along, along]), np.hstack([along, -along]))
    assert found == pytest.approx(4 * np.var(along), rel=0.01)


def test_the_variance_ratio_of_known_gaussians():
    """In any direction: half the spread is a quarter of the variance, and a shift changes nothing."""
    real = gaussian(20_000)
    assert variance_ratio(real, gaussian(20_000, mean=5, seed=1)) == pytest.approx(1, rel=0.02)
    assert variance_ratio(real, gaussian(20_000, scale=0.5, seed=1)) == pytest.approx(0.25, rel=0.02)
    wide = gaussian(20_000, seed=1) * [1, 1, 1, 1, 1, 0]
    assert variance_ratio(real, wide) == pytest.approx(5 / 6, rel=0.02)
    assert variance_ratio(real, real[:1].repeat(9, axis=0)) == 0
    assert np.isnan(variance_ratio(real[:1].repeat(9, axis=0), real))


def test_precision_falls_for_bad_samples_and_recall_for_few_kinds():
    real = np.concatenate([gaussian(200, -4), gaussian(200, 4, seed=1)])
    alike = np.concatenate([gaussian(200, -4, seed=2), gaussian(200, 4, seed=3)])
    one_kind = gaussian(400, 4, seed=4)
    wild = gaussian(400, 0, 12, seed=5)
    assert min(manifold_overlap(real, alike)) > 0.8
    precision, recall = manifold_overlap(real, one_kind)
    assert precision > 0.8 and 0.3 < recall < 0.55
    precision, recall = manifold_overlap(real, wild)
    assert precision < 0.1
    collapsed = np.repeat(real[:1], 400, axis=0) + gaussian(400, scale=1e-3, seed=6)
    precision, recall = manifold_overlap(real, collapsed)
    assert precision > 0.9 and recall < 0.02


@pytest.mark.parametrize("block", [distances.BLOCK, 60])  # all at once, or a row at a time
def test_nearest_finds_each_vector_and_the_one_next_to_it(block, monkeypatch):
    monkeypatch.setattr(distances, "BLOCK", block)
    y = gaussian(50)
    places, found = nearest(y[[7, 3]], y)
    assert places.tolist() == [7, 3] and np.allclose(found, 0, atol=1e-6)
    others = [np.linalg.norm(np.delete(y, i, axis=0) - y[i], axis=1).min() for i in range(20)]
    np.testing.assert_allclose(nearest_other(y, 20), others)


def test_the_nearest_other_vector_is_never_an_equal_one():
    y = gaussian(30)
    np.testing.assert_allclose(nearest_other(np.concatenate([y, y, y[:4]]), 30), nearest_other(y, 30))
    assert len(nearest_other(y[:1], 10)) == len(nearest_other(np.repeat(y[:1], 9, axis=0), 9)) == 0


@pytest.mark.parametrize("distance", [kernel_distance, frechet_distance, manifold_overlap, variance_ratio])
@pytest.mark.parametrize(
    "fake, word", [(np.zeros((1, 6)), "at least 2"), (np.zeros((20, 5)), "length"), (np.full((20, 6), np.nan), "NaN")]
)
def test_sets_that_cannot_be_compared(fake, word, distance):
    with pytest.raises(ValueError, match=word):
        distance(gaussian(20), fake)
