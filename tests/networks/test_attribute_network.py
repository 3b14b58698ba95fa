import keras
import numpy as np
import pytest
import tensorflow as tf

from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.data.sample_faces import draw_sample_faces
from facegen_keras.networks.attribute_network import (
    SHIPPED,
    build_attribute_network,
    estimate_attributes,
    face_features,
    load_attribute_network,
)
from facegen_keras.networks.attribute_training import (
    augment,
    hold_out,
    move_to_errors,
    train_attribute_network,
)
from helpers import draw_people


@pytest.mark.parametrize("name", ["Male", "Blond_Hair", "Wearing_Hat"])
def test_it_reads_attributes_off_drawn_faces(name):
    """Drawings are unlike the photographs that it was trained on; still, it must do much better than guessing."""
    i = ATTRIBUTES.index(name)
    with_it, without_it = (estimate_attributes(draw_people(16, {name: value}))[:, i] > 0.5 for value in (1, 0))
    assert np.mean([with_it.mean(), 1 - without_it.mean()]) > 0.65


def test_probabilities_are_as_trained():
    """Every version of Keras must read the same off the same picture; the numbers belong to the shipped weights."""
    rows, columns = np.mgrid[0:64, 0:64]
    picture = np.stack([4 * rows, 4 * columns, 2 * (rows + columns)], axis=-1).astype(np.uint8)
    expected = {"Bangs": 0.5542, "Big_Lips": 0.4176, "Young": 0.9105}
    found = dict(zip(ATTRIBUTES, estimate_attributes(picture[None])[0].tolist()))
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-3)


def test_features_of_similar_faces_are_near():
    faces = draw_sample_faces(6, (64, 64), 2)
    features, mirrored = face_features(faces), face_features(faces[:, :, ::-1])
    assert features.shape == (6, 192) and features.dtype == np.float32
    to_itself = np.linalg.norm(features - mirrored, axis=1).mean()
    to_others = np.linalg.norm(features - np.roll(features, 1, axis=0), axis=1).mean()
    assert to_itself < to_others / 1.5


def test_batches_give_what_single_pictures_give():
    faces = np.tile(draw_sample_faces(2, (80, 64), 2), (130, 1, 1, 1))  # 260: more than one batch, of another size
    read = estimate_attributes(faces)
    assert read.shape == (260, 40) and read.dtype == np.float32
    np.testing.assert_allclose(read[-1:], estimate_attributes(faces[-1:]), atol=1e-4)


def test_it_is_shipped_small_and_with_a_card():
    assert SHIPPED.stat().st_size < 5_000_000
    card = SHIPPED.with_suffix(".md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in card for name in ATTRIBUTES)


def test_it_is_float32_whatever_the_global_policy():
    """Loading it builds it, and the training of a GAN may have set another policy before."""
    before, images = keras.config.dtype_policy(), draw_people(4).astype(np.float32) / 255
    expected = load_attribute_network().predict_on_batch(images)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        found = load_attribute_network().predict_on_batch(images)
    finally:
        keras.config.set_dtype_policy(before)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def write_weights(path, change):
    """Write the shipped weights, as `change` left the dict of them."""
    with np.load(SHIPPED) as file:
        weights = dict(file)
    change(weights)
    np.savez(path, **weights)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda weights: weights.pop("weight_036"), "weight_036"),
        (lambda weights: weights.update(weight_037=np.zeros(3)), "weight_037"),
        (lambda weights: weights.update(weight_000=np.zeros((3, 3, 3, 16))), "16"),
        (lambda weights: weights.update(weight_000=np.array([{}], dtype=object)), r"dtype\('O'\)"),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path, change, word):
    write_weights(tmp_path / "other.npz", change)
    with pytest.raises(ValueError, match=word) as refusal:
        load_attribute_network(tmp_path / "other.npz")
    assert "other.npz" in str(refusal.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    write_weights(tmp_path / "broken.npz", lambda weights: weights["weight_001"].fill(value))
    with pytest.raises(ValueError, match="broken.npz.*weight_001.*NaN"):
        load_attribute_network(tmp_path / "broken.npz")


@pytest.mark.parametrize("content", [b"", b"no archive", SHIPPED.read_bytes()[:100_000]])
def test_a_broken_file_is_named(tmp_path, content):
    (tmp_path / "broken.npz").write_bytes(content)
    with pytest.raises(ValueError, match="broken.npz"):
        load_attribute_network(tmp_path / "broken.npz")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.npz"):
        load_attribute_network(tmp_path / "nowhere.npz")


@pytest.mark.parametrize(
    "names, word",
    [(np.array(["a"] * 40), "twice"), (np.array([["a"]]), "attributes"), (np.array(["a", "b"]), "weight_")],
)
def test_names_that_are_none_of_the_network_are_refused(tmp_path, names, word):
    write_weights(tmp_path / "other.npz", lambda weights: weights.update(attributes=names))
    with pytest.raises(ValueError, match=f"other.npz.*{word}"):
        load_attribute_network(tmp_path / "other.npz")


def test_a_file_with_names_reads_these(tmp_path):
    names = [f"label {i}" for i in range(40)]
    write_weights(tmp_path / "own.npz", lambda weights: weights.update(attributes=np.array(names)))
    assert load_attribute_network(tmp_path / "own.npz").attributes == tuple(names)
    assert load_attribute_network().attributes == ATTRIBUTES  # the shipped file was written before there were names


@pytest.mark.slow
def test_one_call_trains_it_and_writes_its_card(faces_folder, tmp_path):
    out = tmp_path / "new" / "network.npz"
    scores = train_attribute_network(out, faces_folder, epochs=1, images=20, batch_size=8, verbose=0)
    assert scores.balanced_accuracy.between(0, 1).all() and set(scores.index) <= set(ATTRIBUTES)
    card = out.with_suffix(".md").read_text(encoding="utf-8")
    assert "17 faces" in card and "3 faces" in card and "not known" in card
    assert all(f"| {name} | {row.balanced_accuracy:.3f} |" in card for name, row in scores.iterrows())
    assert sorted(out.parent.iterdir()) == [out.with_suffix(".md"), out]
    trained = load_attribute_network(out)
    assert not np.allclose(trained.get_weights()[0], load_attribute_network().get_weights()[0])


@pytest.mark.slow
def test_it_may_be_trained_against_what_would_fool_it(faces_folder, tmp_path):
    train_attribute_network(
        tmp_path / "guide.npz", faces_folder, epochs=1, images=20, batch_size=8, radius=4 / 255, verbose=0
    )
    assert "moved by up to 4 of 255" in (tmp_path / "guide.md").read_text(encoding="utf-8")
    load_attribute_network(tmp_path / "guide.npz")


def test_what_fools_a_network_is_near_and_worse_than_noise():
    images = tf.constant(draw_sample_faces(16, (64, 64)) / np.float32(255))
    network, radius = load_attribute_network(), 4 / 255
    shown = tf.sigmoid(network(images))

    def loss(images):
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(shown, network(images)))

    moved = move_to_errors(images, loss, radius)
    noisy = images + radius * tf.sign(tf.random.stateless_normal(images.shape, (0, 1)))
    assert 0 < np.abs(moved - images).max() <= radius + 1e-6
    assert loss(moved) > 2 * loss(noisy)


def test_only_npz_files_are_written(tmp_path):
    with pytest.raises(ValueError, match="npz"):
        train_attribute_network(tmp_path / "network.keras", tmp_path)


@pytest.mark.parametrize("radius", [-0.1, 4])
def test_a_radius_that_is_none_is_refused(radius, tmp_path):
    with pytest.raises(ValueError, match="radius.*4 / 255"):
        train_attribute_network(tmp_path / "network.npz", tmp_path, radius=radius)


def test_nobody_is_both_in_training_and_in_the_test():
    people = np.random.default_rng(0).integers(0, 40, 500)
    tests = hold_out(people, 0.25, seed=0)
    assert len(set(people[tests])) == 10
    assert not set(people[tests]) & set(people[~tests])


@pytest.mark.parametrize("share", [0, 1, -0.5])
def test_a_share_that_leaves_nobody_is_refused(share):
    with pytest.raises(ValueError, match="held_out"):
        hold_out(np.arange(10), share, seed=0)


def test_augmented_pictures_keep_their_range():
    pictures = np.random.default_rng(0).integers(0, 256, (5, 96, 96, 3)).astype(np.uint8)
    images = augment(pictures).numpy()
    assert images.shape == (5, 64, 64, 3) and images.min() >= 0 and images.max() <= 1


def test_training_may_compute_in_bfloat16():
    network = build_attribute_network("mixed_bfloat16")
    logits = network(np.zeros((1, 64, 64, 3), np.float32), training=False)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert {keras.backend.standardize_dtype(weight.dtype) for weight in network.weights} == {"float32"}


def test_pictures_of_the_wrong_kind_are_refused():
    with pytest.raises(ValueError, match="uint8"):
        estimate_attributes(np.zeros((2, 64, 64, 3)))
