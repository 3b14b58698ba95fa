import numpy as np
import pytest

import facegen_keras as fg


def test_diversity_falls_when_samples_are_alike():
    rng = np.random.default_rng(0)
    varied = np.kron(rng.integers(0, 256, (40, 4, 4, 3)), np.ones((1, 16, 16, 1))).astype(np.uint8)
    half = varied.copy()
    half[::2] = varied[0]
    collapsed = np.repeat(varied[:1], 40, axis=0)
    assert fg.diversity(varied) > fg.diversity(half) > fg.diversity(collapsed) == 0


def test_noise_does_not_pass_for_variety():
    rng = np.random.default_rng(0)
    face = np.full((40, 64, 64, 3), 128, np.uint8)
    noisy = face + rng.integers(-60, 60, face.shape).astype(np.int16)
    assert fg.diversity(noisy.astype(np.uint8)) < 0.05


def test_diversity_is_the_distance_of_a_known_pair():
    pair = np.stack([np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 51, np.uint8)])
    assert fg.diversity(pair) == pytest.approx(0.2)


def test_diversity_of_one():
    with pytest.raises(ValueError, match="at least 2"):
        fg.diversity(np.zeros((1, 8, 8, 3), np.uint8))


def test_attribute_response_is_zero_only_for_a_generator_that_ignores_it():
    gan = fg.RECIPES["dcgan2"].build(image_size=16)
    assert fg.attribute_response(gan, "Male", count=8) > 0
    first = gan.generator.get_layer("body").layers[0]
    weights = first.kernel.numpy()
    weights[100 + gan.attributes.index("Male")] = 0  # the row that reads Male
    first.kernel.assign(weights)
    assert fg.attribute_response(gan, "Male", count=8) == 0
    assert fg.attribute_response(gan, "Smiling", count=8) > 0
