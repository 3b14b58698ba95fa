import numpy as np
import pytest
import tensorflow as tf

import facegen_keras as fg
from batches import small_batches
from facegen_keras.networks.keras_version import is_keras_before
from facegen_keras.training.recipe import WHOLE_EPOCHS

pytestmark = pytest.mark.slow  # every test trains

SMALL = fg.RECIPES["dcgan2"].override(image_size=8, attributes=1, dtype_policy="float32", schedule=fg.DecayRatio(1))
NEEDS_WHOLE_EPOCHS = pytest.mark.skipif(is_keras_before(WHOLE_EPOCHS), reason="this Keras loses an epoch's last steps")


@pytest.fixture(scope="module")
def one_by_one():
    gan = SMALL.build()
    return gan, gan.fit(small_batches(SMALL, count=7, size=8), epochs=3, verbose=0).history


@NEEDS_WHOLE_EPOCHS
@pytest.mark.parametrize("steps", [3, 100])
def test_steps_per_execution_changes_nothing_but_the_speed(steps, one_by_one):
    gan = SMALL.build(steps_per_execution=steps)
    logs = gan.fit(small_batches(SMALL, count=7, size=8), epochs=3, verbose=0).history
    expected, expected_logs = one_by_one
    assert logs == expected_logs and logs["d_trained"][2] < 1
    assert int(gan.steps_done.numpy()) == 21 and int(gan.epochs_done.numpy()) == 3
    for weight, same in zip(gan.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), same.numpy())


def test_xla_is_off_on_processors_unless_it_is_asked_for(one_by_one):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU, where Keras chooses")
    gan, _ = one_by_one
    assert not gan.jit_compile
    assert SMALL.build(jit_compile=True).jit_compile


def test_xla_trains_what_tensorflow_trains():
    """XLA draws other random numbers; dcgan5 needs none, as its latents are faces."""
    recipe, histories = fg.RECIPES["dcgan5"].override(image_size=16, dtype_policy="float32"), []
    for jit_compile in (True, False):
        gan = recipe.build(jit_compile=jit_compile)
        histories.append(gan.fit(small_batches(recipe, count=1), verbose=0).history)
    for log, value in histories[1].items():
        np.testing.assert_allclose(histories[0][log], value, rtol=1e-3)


@pytest.mark.proof
@NEEDS_WHOLE_EPOCHS
def test_xla_trains_in_float16():
    recipe = fg.RECIPES["udacity"].override(image_size=16, dtype_policy="mixed_float16", jit_compile=True)
    logs = recipe.build(steps_per_execution=2).fit(small_batches(recipe, count=3), verbose=0).history
    assert np.isfinite([logs["d_loss"], logs["g_loss"]]).all()


@NEEDS_WHOLE_EPOCHS
def test_a_saved_gan_keeps_its_settings(tmp_path):
    SMALL.build(jit_compile=True, steps_per_execution=5).save(tmp_path / "gan.keras")
    loaded = fg.load_gan(tmp_path / "gan.keras")
    assert loaded.jit_compile is True and loaded.steps_per_execution == 5


@pytest.mark.parametrize("wrong", [{"jit_compile": "fast"}, {"steps_per_execution": 0}, {"steps_per_execution": 1.5}])
def test_settings_that_do_not_exist(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SMALL.override(**wrong)
