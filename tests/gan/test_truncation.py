import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.__main__ import main
from facegen_keras.gan.latents import Latent
from facegen_keras.metrics.samples import draw_samples


@pytest.fixture
def gan():
    return fg.RECIPES["dcgan2"].build(image_size=16)


@pytest.mark.parametrize(("distribution", "mean"), [("normal", 0), ("uniform", 0), ("unit", 0.5)])
def test_latents_come_nearer_to_their_mean(gan, distribution, mean):
    gan.latent = Latent(gan.latent.shape, distribution)
    far = gan.sample_latents(5, seed=3)
    gan.truncation = 0.7
    np.testing.assert_allclose(gan.sample_latents(5, seed=3) - mean, 0.7 * (far - mean), rtol=1e-5, atol=1e-6)


def test_faces_vary_less_and_so_do_the_candidates_of_a_rejection(gan):
    plain = [fg.diversity(gan.sample(20, {"Male": 1}, reject=reject)) for reject in (0, 0.5)]
    gan.truncation = 0.1
    assert all(fg.diversity(gan.sample(20, {"Male": 1}, reject=reject)) < of for reject, of in zip((0, 0.5), plain))


@pytest.mark.parametrize("truncation", [0, -0.5, 1.5, float("nan")])
def test_truncations_out_of_range(gan, truncation):
    gan.truncation = truncation
    with pytest.raises(ValueError, match="truncation=.*at most 1"):
        gan.sample(2)


def test_a_generator_that_starts_from_faces_has_no_latents_to_truncate():
    gan = fg.RECIPES["dcgan5"].build(image_size=16)
    gan.truncation = 0.7
    with pytest.raises(ValueError, match="starts from faces"):
        gan.sample(2)
    with pytest.raises(ValueError, match="starts from faces"):
        draw_samples(gan, np.zeros((2, 5)))


@pytest.mark.slow
def test_the_evaluation_and_the_picture_say_so(gan, faces_folder, tmp_path, capsys):
    gan.truncation = 0.5
    found = fg.evaluate(gan, 8, data=faces_folder)
    assert "truncation: 0.5" in found.how and "truncated to 0.5" in str(found)
    out = str(tmp_path / "grid.png")
    assert main(["sample", "-n", "4", "--truncation", "0.5", "--out", out]) == 0
    assert fg.inspect(out)["Truncation"] == "0.5"
    assert main(["sample", "-n", "4", "--truncation", "2", "--out", out]) == 2
    assert "truncation=2.0" in capsys.readouterr().err
