import keras
import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.__main__ import main


@pytest.fixture(scope="module")
def gan():
    return fg.RECIPES["dcgan2"].build(image_size=16)


def test_those_that_are_left_are_the_most_real_of_their_attributes(gan):
    asked = np.array([[1, 0]] * 4 + [[0, 1]] * 8, np.float32)[np.random.default_rng(0).permutation(12)]
    kept = gan.sample(12, asked, seed=3, reject=1 / 3)
    assert kept.shape == (12, 16, 16, 3) and kept.dtype == np.uint8
    np.testing.assert_array_equal(kept, gan.sample(12, asked, seed=3, reject=1 / 3))
    latents = np.concatenate([gan.sample_latents(12, 3), gan.latent.sample(6, [3, 1]).numpy()])
    extra = np.concatenate([asked[(asked == vector).all(axis=1)][:more] for vector, more in (([0, 1], 4), ([1, 0], 2))])
    everyone = np.concatenate([asked, extra])
    drawn = gan.sample(attributes=everyone, latents=latents)
    verdicts = gan.verdict(drawn, everyone)
    for vector, count in (([1, 0], 4), ([0, 1], 8)):
        best = np.sort(verdicts[(everyone == vector).all(axis=1)])[-count:]
        found = gan.verdict(kept[(asked == vector).all(axis=1)], vector)
        np.testing.assert_allclose(np.sort(found), best, rtol=1e-3)


def test_nothing_rejected_is_the_plain_sample(gan):
    np.testing.assert_array_equal(gan.sample(3, reject=0.0), gan.sample(3))


def test_faces_without_attributes_compete_with_all_others():
    plain = fg.RECIPES["udacity"].build(image_size=16)
    pictures, verdicts = fg.sample_with_verdicts(plain, 20, reject=0.5)
    assert pictures.shape == (20, 16, 16, 3)
    assert verdicts.mean() > plain.verdict(plain.sample(20)).mean()


@pytest.mark.parametrize("reject", [1, -0.1, 0.01])
def test_shares_that_cannot_be_rejected(gan, reject):
    with pytest.raises(ValueError, match="reject"):
        gan.sample(4, reject=reject)


def test_given_latents_leave_nothing_to_choose_from(gan):
    with pytest.raises(ValueError, match="no others to choose from"):
        gan.sample(latents=gan.sample_latents(4), reject=0.5)


def test_a_gan_without_a_loss_cannot_judge(gan, tmp_path):
    gan.save(tmp_path / "gan.keras")
    bare = keras.models.load_model(tmp_path / "gan.keras", compile=False)
    with pytest.raises(ValueError, match="compile=False"):
        bare.sample(4, reject=0.5)


@pytest.mark.slow
def test_the_evaluation_says_so_and_the_command_draws(gan, faces_folder, tmp_path):
    plain, chosen = (fg.evaluate(gan, 8, data=faces_folder, reject=reject) for reject in (0.0, 1 / 3))
    assert "rejected: the 33% of the faces" in chosen.how and "Left out: the 33%" in str(chosen)
    assert "rejected" not in plain.how and (plain.samples != chosen.samples).any()
    assert main(["sample", "-n", "4", "--reject", "0.5", "--out", str(tmp_path / "grid.png")]) == 0
    assert main(["sample", "-n", "1", "--reject", "0.1", "--out", str(tmp_path / "grid.png")]) == 2
