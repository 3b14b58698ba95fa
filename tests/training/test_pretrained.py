from functools import partial

import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.__main__ import main
from facegen_keras.training.pretrained import SHIPPED, pack, unpack


def test_shipped_generator_is_small_and_has_a_card():
    assert SHIPPED.stat().st_size < 8_000_000
    card = SHIPPED.with_suffix(".md").read_text()
    assert "non-commercial" in card and "python -m facegen_keras train" in card


def test_shipped_generator_draws_faces_that_obey():
    """Read by the attribute network, which it was not trained with."""
    gan = fg.load_pretrained()
    for name in ("Male", "Smiling", "Blond_Hair", "Eyeglasses"):
        i = fg.ATTRIBUTES.index(name)
        on, off = (
            fg.estimate_attributes(gan.sample(64, {name: value, "Young": 1}, seed=8))[:, i] > 0.5 for value in (1, 0)
        )
        assert on.mean() > off.mean() + 0.5, name


@pytest.mark.slow
def test_shipped_faces_are_found_by_a_detector():
    import cv2

    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    faces = fg.load_pretrained().sample(100, seed=1)
    larger = [cv2.copyMakeBorder(cv2.resize(face, (192, 192)), *[24] * 4, cv2.BORDER_REPLICATE) for face in faces]
    found = [len(cascade.detectMultiScale(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), 1.05, 3)) > 0 for face in larger]
    assert np.mean(found) > 0.6


@pytest.mark.slow
def test_a_run_is_packed_and_unpacked(tmp_path, faces_folder):
    options = {"recipe": "dcgan2", "image_size": 16, "attributes": ["Male"], "batch_size": 8, "verbose": 0}
    gan = fg.train(tmp_path / "run", epochs=1, data=str(faces_folder), **options)
    assert main(["pack", "--run", str(tmp_path / "run"), "--out", str(tmp_path / "gan.npz")]) == 0
    packed = unpack(tmp_path / "gan.npz")
    pictures = gan.sample(64, seed=2)
    difference = np.abs(packed.sample(64, seed=2).astype(int) - pictures)
    assert difference.mean() < 2, "eight bits may cost a shade"
    attributes = np.tile([[0.0], [1.0]], (32, 1))
    np.testing.assert_allclose(packed.verdict(pictures, attributes), gan.verdict(pictures, attributes), atol=0.02)
    packed.fit(fg.RECIPES["dcgan2"].load_faces(image_size=16, batch_size=8, attributes=1, data=faces_folder), verbose=0)


def test_weights_of_another_shape_are_refused(tmp_path):
    with np.load(SHIPPED) as file:
        weights = dict(file)
    weights["described"] = np.array(str(weights["described"]).replace('"modern"', '"dcgan2"'))
    np.savez(tmp_path / "other.npz", **weights)
    with pytest.raises(ValueError, match="other.npz holds weights of another dcgan2"):
        unpack(tmp_path / "other.npz")
    np.savez(tmp_path / "any.npz", weights=np.zeros(3))
    with pytest.raises(ValueError, match="any.npz holds no packed weights"):
        fg.load_pretrained(tmp_path / "any.npz")


@pytest.mark.parametrize(
    "changes", [{"generator": partial(fg.modern_generator, width=16)}, {"latent_shape": (64,)}, {"name": "own"}]
)
def test_what_could_not_be_unpacked_is_not_packed(tmp_path, changes):
    gan = fg.RECIPES["modern"].override(image_size=16, **changes).build()
    with pytest.raises(ValueError, match="packed"):
        pack(gan, tmp_path / "gan.npz")
    assert not list(tmp_path.iterdir())


def test_a_packed_gan_keeps_its_framing(tmp_path):
    gan = fg.RECIPES["dcgan2"].build(image_size=(16, 8), attributes=["Young"], crop=None, ema_decay=0.5)
    pack(gan, tmp_path / "gan.npz")
    packed = fg.load_pretrained(tmp_path / "gan.npz")
    assert (packed.size, packed.attributes, packed.crop, packed.ema_decay) == ((16, 8), ("Young",), None, 0.5)
