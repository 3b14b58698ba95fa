import keras
import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.gan.ema import frozen_copy, update_ema


def test_a_weight_counts_half_after_the_half_life_in_images():
    """Whatever the batch: an average of zeros moves half of the way to ones."""
    for batch in (5, 50):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
        average = frozen_copy(model)
        model.layers[0].kernel.assign([[1.0]])
        for step in range(500 // batch):
            update_ema(average, model, fg.HalfLife(500, ramp_up=None), np.int64(step), batch)
        assert average.layers[0].kernel.numpy().item() == pytest.approx(0.5, abs=1e-4)


def test_the_half_life_grows_with_the_images_seen():
    growing, constant = fg.HalfLife(20_000, ramp_up=0.05), fg.HalfLife(20_000, ramp_up=None)
    early, late = (growing(step, 100).numpy() for step in (9, 10_000))
    assert early == pytest.approx(0.5 ** (100 / 50))  # 1,000 images seen: 50 of them
    assert late == pytest.approx(constant(0, 100).numpy()) == pytest.approx(0.5 ** (100 / 20_000))


@pytest.mark.parametrize("numbers", [{"images": 0}, {"images": 10, "ramp_up": 0}])
def test_half_lives_that_cannot_be(numbers):
    with pytest.raises(ValueError, match="over 0"):
        fg.HalfLife(**numbers)
