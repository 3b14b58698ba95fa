"""The network that learns from views: its loss, its training, its file, and what the shipped one sees."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from facegen_keras.__main__ import main
from facegen_keras.data.sample_faces import draw_sample_faces
from facegen_keras.networks.attribute_network import SHIPPED as ATTRIBUTE_WEIGHTS
from facegen_keras.networks.attribute_network import read_features
from facegen_keras.networks.view_network import (
    SHIPPED,
    build_view_network,
    load_view_network,
    view_features,
    whiten,
)
from facegen_keras.networks.view_training import EMBEDDED, barlow_twins, make_views, train_view_network
from facegen_keras.networks.weight_file import compress_network

LENGTH = 16


def noise(seed, count=4_000):
    return np.random.default_rng(seed).normal(size=(count, LENGTH)).astype(np.float32)


def loss_of(first, second):
    return float(barlow_twins(None, tf.concat([first, second], axis=0)))


def test_the_loss_is_lowest_where_views_agree_and_components_differ():
    """0 for the same independent components in any scale, d for noise, and more than either where all are the same."""
    assert loss_of(noise(0), 3 * noise(0) + 1) == pytest.approx(0, abs=0.01)
    assert loss_of(noise(0), noise(1)) == pytest.approx(LENGTH, rel=0.1)
    collapsed = np.repeat(noise(0)[:, :1], LENGTH, axis=1)
    assert loss_of(collapsed, collapsed) == pytest.approx(5e-3 * LENGTH * (LENGTH - 1), rel=0.01)
    assert loss_of(np.zeros_like(collapsed), np.zeros_like(collapsed)) == pytest.approx(LENGTH)


def test_views_of_one_picture_differ_and_keep_their_range():
    pictures = draw_sample_faces(6, (96, 96), 2)
    first, second = make_views(pictures).numpy(), make_views(pictures).numpy()
    assert first.shape == (6, 64, 64, 3) and min(first.min(), second.min()) >= 0 and max(first.max(), second.max()) <= 1
    assert np.abs(first - second).mean(axis=(1, 2, 3)).min() > 0.02


def test_some_views_are_grey():
    pictures = np.tile(draw_sample_faces(1, (96, 96), 2), (200, 1, 1, 1))
    views = make_views(pictures).numpy()
    ratio = views[..., 0] / np.maximum(views[..., 2], 1e-3)
    grey = np.ptp(np.median(ratio, axis=2), axis=1) < 1e-3  # the tint of a grey view is the same in all rows
    assert 0.1 < grey.mean() < 0.3


@pytest.mark.slow
def test_one_command_trains_it_and_writes_its_card(faces_folder, tmp_path, capsys):
    """In a few epochs the loss must fall well below where it began, near that of noise: the embedding's length."""
    out = tmp_path / "new" / "views.npz"
    assert main(["train-views", "--out", str(out), "--data", str(faces_folder), "--epochs", "6"]) == 0
    told = capsys.readouterr().out
    losses = [float(loss) for loss in re.findall(r"loss: ([\d.]+)", told)]
    assert losses[-1] < 0.9 * losses[0] < 1.2 * EMBEDDED and "unseen faces again" in told
    card = out.with_suffix(".md").read_text(encoding="utf-8")
    assert "22 faces" in card and "2 faces" in card and "6 epochs" in card and "not known" in card
    assert sorted(out.parent.iterdir()) == [out.with_suffix(".md"), out]
    network = load_view_network(out)
    assert np.isfinite(read_features(network, draw_sample_faces(2, (64, 64), 2))).all()


def test_features_are_whitened():
    """Over the faces that they were fitted to: mean 0, variance 1, no correlation; other faces are not refitted."""
    keras.utils.set_random_seed(1)
    faces, network = np.random.default_rng(0).integers(0, 256, (400, 64, 64, 3)).astype(np.uint8), build_view_network()
    faces = (faces * np.random.default_rng(1).uniform(0, 1, (400, 1, 1, 3))).astype(np.uint8)
    whiten(network, faces)
    features = read_features(network, faces)
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=0.05)
    covariance = np.cov(features, rowvar=False)
    assert (
        np.allclose(np.diag(covariance)[-8:], 1, atol=0.1)
        and np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.1
    )


def test_a_file_gives_back_what_was_written(tmp_path):
    """Eight bits are rounded once: what is read and written again is the same to the bit."""
    keras.utils.set_random_seed(3)
    network = build_view_network()
    np.savez_compressed(tmp_path / "first.npz", **compress_network(network))
    loaded = load_view_network(tmp_path / "first.npz")
    for written, read in zip(network.get_weights(), loaded.get_weights()):
        np.testing.assert_allclose(read, written, atol=np.abs(written).max() / 250 + 1e-6)
    np.savez_compressed(tmp_path / "second.npz", **compress_network(loaded))
    for expected, found in zip(loaded.get_weights(), load_view_network(tmp_path / "second.npz").get_weights()):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("content", [b"", b"no archive", ATTRIBUTE_WEIGHTS.read_bytes()])
def test_files_of_something_else_are_named(tmp_path, content):
    (tmp_path / "broken.npz").write_bytes(content)
    with pytest.raises(ValueError, match="broken.npz.*train_view_network"):
        load_view_network(tmp_path / "broken.npz")


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    weights = compress_network(build_view_network())
    weights["scale_of_weight_000"][0] = np.nan
    np.savez(tmp_path / "broken.npz", **weights)
    with pytest.raises(ValueError, match="broken.npz.*weight_000.*NaN"):
        load_view_network(tmp_path / "broken.npz")


def test_a_missing_file_and_a_wrong_name_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.npz"):
        load_view_network(tmp_path / "nowhere.npz")
    with pytest.raises(ValueError, match="npz"):
        train_view_network(tmp_path / "network.keras", tmp_path)


def test_it_is_shipped_small_and_with_a_card():
    assert SHIPPED.stat().st_size < 600_000
    assert "Barlow Twins" in SHIPPED.with_suffix(".md").read_text(encoding="utf-8")


def test_features_of_similar_faces_are_near():
    faces = draw_sample_faces(6, (64, 64), 2)
    features, mirrored = view_features(faces), view_features(faces[:, :, ::-1])
    assert features.shape == (6, 64) and features.dtype == np.float32
    to_itself = np.linalg.norm(features - mirrored, axis=1).mean()
    to_others = np.linalg.norm(features - np.roll(features, 1, axis=0), axis=1).mean()
    assert to_itself < to_others / 1.5
