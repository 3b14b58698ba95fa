import numpy as np
import pytest

import facegen_keras as fg


@pytest.fixture(scope="module", params=["dcgan2", "udacity"])
def gan(request):
    """A generator whose pictures differ by their latents: untrained weights, made larger."""
    gan = fg.RECIPES[request.param].build(image_size=16)
    for weight in gan.generator.trainable_weights:
        weight.assign(2 * weight)
    return gan


def test_search_finds_a_latent_that_redraws_the_picture(gan):
    attributes = np.zeros((3, len(gan.attributes)), np.float32) if gan.attributes else None
    pictures = gan.sample(3, attributes, seed=9)
    found = fg.project(gan, pictures, attributes, steps=150)
    start = fg.project(gan, pictures, attributes, steps=1)
    assert found.pictures.shape == pictures.shape and found.latents.shape == (3, 100)
    assert (found.error < start.error).all() and found.error.mean() < start.error.mean() / 2
    measured = np.sqrt((((found.pictures.astype(float) - pictures) / 255) ** 2).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(found.error, measured, rtol=1e-5)
    assert np.abs(found.latents).max() <= 1  # uniform latents stay in their range


def test_progress_bar_shows(gan, capsys):
    fg.project(gan, gan.sample(1, seed=1), np.zeros((1, len(gan.attributes))), steps=3, verbose=1)
    assert "3/3" in capsys.readouterr().out


def test_no_step_is_refused(gan):
    with pytest.raises(ValueError, match="steps=0"):
        fg.project(gan, gan.sample(1), np.zeros((1, len(gan.attributes))), steps=0)
