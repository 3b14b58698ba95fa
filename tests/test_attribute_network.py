import keras
import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.attribute_network import SHIPPED, augment, hold_out
from facegen_keras.attribute_statistics import draw_attributes
from facegen_keras.sample_faces import draw_sample_faces


def test_network_reads_a_face_that_it_never_saw():
    """On drawn faces, another world than its own, it must still tell some attributes far better than by chance."""
    table = draw_attributes(120, 11)
    read = fg.estimate_attributes(draw_sample_faces(120, (64, 64), 11)) > 0.5
    for name in ("Male", "Blond_Hair", "Wearing_Hat"):
        i = fg.ATTRIBUTES.index(name)
        shown = table[:, i] == 1
        assert np.mean([read[shown, i].mean(), 1 - read[~shown, i].mean()]) > 0.65, name


def test_features_of_alike_faces_are_near():
    faces = draw_sample_faces(6, (64, 64), 2)
    features, mirrored = fg.face_features(faces), fg.face_features(faces[:, :, ::-1])
    assert features.shape == (6, 192) and features.dtype == np.float32
    own = np.linalg.norm(features - mirrored, axis=1).mean()
    others = np.linalg.norm(features - np.roll(features, 1, axis=0), axis=1).mean()
    assert own < others / 1.5


def test_shipped_network_is_small_and_has_a_card():
    assert SHIPPED.stat().st_size < 5_000_000
    card = SHIPPED.with_suffix(".md").read_text()
    assert all(f"| {name} |" in card for name in fg.ATTRIBUTES)


def test_one_command_trains_it_and_writes_its_card(faces_folder, tmp_path):
    out = tmp_path / "network.keras"
    judged = fg.train_attribute_network(out, faces_folder, epochs=1, batch_size=8, verbose=0)
    assert judged.balanced_accuracy.between(0, 1).all() and "balanced accuracy" in out.with_suffix(".md").read_text()
    assert keras.models.load_model(out, compile=False).output_shape == (None, 40)


def test_people_are_never_on_both_sides():
    people = np.random.default_rng(0).integers(0, 40, 500)
    unseen = hold_out(people, 0.25, seed=0)
    assert len(set(people[unseen])) == 10
    assert not set(people[unseen]) & set(people[~unseen])


def test_identities_are_read(celeba):
    assert fg.load_identities(celeba) is None
    (celeba / "identity_CelebA.txt").write_text("000001.jpg 2880\n000002.jpg 2937\n")
    assert fg.load_identities(celeba).to_dict() == {"000001.jpg": 2880, "000002.jpg": 2937}


def test_broken_identity_file_is_named(celeba):
    (celeba / "identity_CelebA.txt").write_text("000001.jpg who\n")
    with pytest.raises(ValueError, match="identity_CelebA.txt"):
        fg.load_identities(celeba)


def test_augmented_pictures_keep_their_range():
    pictures = np.random.default_rng(0).integers(0, 256, (5, 96, 96, 3)).astype(np.uint8)
    images = augment(pictures).numpy()
    assert images.shape == (5, 64, 64, 3) and images.min() >= 0 and images.max() <= 1


def test_pictures_that_are_none_are_refused():
    with pytest.raises(ValueError, match="expected uint8"):
        fg.estimate_attributes(np.zeros((2, 64, 64, 3)))
