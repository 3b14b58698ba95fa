import io

import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg


@pytest.fixture(scope="module", params=["dcgan2", "udacity"])
def gan(request):
    """A generator whose pictures differ by their latents: untrained weights, made larger."""
    gan = fg.RECIPES[request.param].build(image_size=16, latent_distribution="uniform")
    for weight in gan.generator.trainable_weights:
        weight.assign(2 * weight)
    return gan


@pytest.mark.slow
def test_search_finds_a_latent_that_redraws_the_picture(gan):
    attributes = np.zeros((3, len(gan.attributes)), np.float32) if gan.attributes else None
    pictures = gan.sample(3, attributes, seed=9)
    found = fg.invert(gan, pictures, attributes, steps=150)
    start = fg.invert(gan, pictures, attributes, steps=1)
    assert found.pictures.shape == pictures.shape and found.latents.shape == (3, 100)
    assert (found.error < start.error).all() and found.error.mean() < start.error.mean() / 2
    measured = np.sqrt((((found.pictures.astype(float) - pictures) / 255) ** 2).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(found.error, measured, rtol=1e-5)
    assert np.abs(found.latents).max() <= 1  # uniform latents stay in their range


def test_progress_bar_shows(gan, capsys):
    fg.invert(gan, gan.sample(1, seed=1), steps=3, verbose=1)
    assert "3/3" in capsys.readouterr().out


@pytest.mark.parametrize("steps", [0, 1.5, None])
def test_steps_that_are_none_are_refused(gan, steps):
    with pytest.raises(ValueError, match="steps"):
        fg.invert(gan, gan.sample(1), steps=steps)


def test_generator_that_is_fed_pictures_needs_no_search():
    gan = fg.RECIPES["dcgan5"].build(image_size=16, attributes=2)
    pictures = gan.sample(2)
    found = fg.invert(gan, pictures)
    np.testing.assert_array_equal(found.latents, gan.to_images(pictures))
    np.testing.assert_array_equal(found.pictures, gan.sample(attributes=found.attributes, latents=found.latents))


@pytest.mark.slow
def test_every_kind_of_picture_is_opened_alike(tmp_path):
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    picture = np.random.default_rng(0).integers(0, 256, (218, 178, 3), dtype=np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(picture).save(path)
    expected = gan.refine(str(path), {"Male": 1})
    with path.open("rb") as opened:
        alone = [path, path.read_bytes(), io.BytesIO(path.read_bytes()), opened, Image.open(path)]
        for source in [*alone, [path]]:
            np.testing.assert_array_equal(gan.refine(source, {"Male": 1}), expected)


def test_photographs_are_framed_as_the_faces_of_the_gan(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (218, 178, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    for crop in (108, None):
        gan = fg.RECIPES["dcgan5"].build(image_size=16, crop=crop)
        framed, _ = fg.load_photo(tmp_path / "photo.png", 16, crop)
        np.testing.assert_array_equal(fg.invert(gan, tmp_path / "photo.png").latents[0], gan.to_images(framed))


def test_lists_may_mix_arrays_and_photographs(tmp_path):
    gan = fg.RECIPES["dcgan5"].build(image_size=16)
    pictures = gan.sample(2)
    Image.fromarray(pictures[0]).resize((178, 218)).save(tmp_path / "photo.png")
    mixed = fg.invert(gan, [pictures[1], tmp_path / "photo.png"])
    np.testing.assert_array_equal(mixed.latents[0], gan.to_images(pictures[1]))
    with pytest.raises(ValueError, match="uint8"):
        fg.invert(gan, [pictures[1] / 255])


def test_latents_to_start_from_are_checked():
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    pictures = gan.sample(2)
    fg.invert(gan, pictures, steps=1, latents=np.zeros((2, 100)))
    with pytest.raises(ValueError, match="latents"):
        fg.invert(gan, pictures, steps=1, latents=np.zeros((3, 100)))
