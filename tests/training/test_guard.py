import logging

import keras
import numpy as np
import pytest

import facegen_keras as fg
from batches import small_batches
from facegen_keras.gan.optimizers import rate_of
from facegen_keras.gan.state import broken_weights, check_finite
from facegen_keras.training.guard import NaNGuard

pytestmark = pytest.mark.slow  # every test trains

SMALL = fg.RECIPES["dcgan2"].override(image_size=8, attributes=1, ema_decay=0.5)


def fit(gan, *callbacks, count=4, **options):
    return gan.fit(small_batches(SMALL, count=count, size=8), verbose=0, callbacks=callbacks, **options).history


def rates_of(gan):
    return [rate_of(optimizer) for optimizer in (gan.d_optimizer, gan.g_optimizer)]


def break_first(variables):
    variable = next(variable for variable in variables if len(variable.shape) > 1)
    variable.assign(np.full(variable.shape, np.inf))


class Break(keras.callbacks.Callback):
    """Breaks something after some steps, counted over the whole training."""

    def __init__(self, break_it, *steps):
        super().__init__()
        self.break_it, self.steps, self.done = break_it, steps, 0

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        if self.done in self.steps:
            self.break_it(self.model)


@pytest.mark.parametrize(
    "break_it, step",  # in the middle or at the end of an epoch
    [
        (lambda gan: break_first(gan.generator.variables), 4),
        (lambda gan: break_first(gan.discriminator.variables), 2),
        (lambda gan: break_first(gan.ema_generator.variables), 4),
        (lambda gan: break_first(gan.d_optimizer.variables), 2),
        (lambda gan: break_first(gan.g_optimizer.variables), 4),
    ],
)
def test_it_goes_back_with_half_the_learning_rates(break_it, step, caplog):
    gan = SMALL.build()
    before = np.array(rates_of(gan))
    logs = fit(gan, NaNGuard(), Break(break_it, step), epochs=2)
    check_finite(gan)
    np.testing.assert_allclose(rates_of(gan), before / 2, rtol=1e-5)
    assert np.isfinite([logs["d_loss"][1], logs["g_loss"][1]]).all(), "the first epoch may be undone as a whole"
    assert int(gan.epochs_done.numpy()) == 2 and int(gan.steps_done.numpy()) < 8
    assert "2 tries are left" in caplog.text


def test_it_goes_back_to_the_very_state_that_was_good():
    """Broken before the first step was over: all is as it was, but the learning rates."""
    gan, fresh = SMALL.build(seed=3), SMALL.build(seed=3)
    fit(gan, NaNGuard(), Break(lambda gan: break_first(gan.discriminator.variables), 1), count=1)
    for variable, same in zip(gan.variables, fresh.variables, strict=True):
        if variable.path not in (gan.epochs_done.path, *(v.path for t in gan.metrics for v in t.variables)):
            np.testing.assert_array_equal(variable.numpy(), same.numpy(), err_msg=variable.path)
    assert int(gan.g_optimizer.iterations.numpy()) == int(gan.steps_done.numpy()) == 0
    assert int(gan.epochs_done.numpy()) == 1


def test_it_loses_few_steps():
    gan = SMALL.build()
    fit(gan, NaNGuard(every=2), Break(lambda gan: break_first(gan.generator.variables), 5), count=6)
    assert int(gan.steps_done.numpy()) == 4


def test_it_gives_up_and_explains(caplog):
    gan = SMALL.build(d_optimizer=lambda: keras.optimizers.SGD(1e30), g_optimizer=lambda: keras.optimizers.SGD(1e30))
    with caplog.at_level(logging.WARNING):
        fit(gan, NaNGuard(tries=2), count=30)
    check_finite(gan)
    assert rates_of(gan) == pytest.approx([0.25e30] * 2)
    assert len(caplog.records) == 3 and "dtype_policy" in caplog.records[-1].getMessage()
    assert int(gan.steps_done.numpy()) < 30 and gan.sample(2).shape == (2, 8, 8, 3)


def test_learning_rates_that_are_schedules_are_lowered_too(tmp_path):
    def falling(rate):
        return keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(rate, 1_000_000, 0.9))

    gan = SMALL.build(d_optimizer=lambda: falling(4e-4), g_optimizer=lambda: falling(1e-4))
    fit(gan, NaNGuard(), Break(lambda gan: break_first(gan.generator.variables), 1, 3))
    np.testing.assert_allclose(rates_of(gan), [1e-4, 0.25e-4], rtol=1e-4)
    gan.save(tmp_path / "gan.keras")
    np.testing.assert_allclose(rates_of(fg.load_gan(tmp_path / "gan.keras")), [1e-4, 0.25e-4], rtol=1e-4)


def test_a_lowered_schedule_is_what_trains():
    """With a schedule that is lowered to almost nothing, the weights stay where they were."""

    def constant():
        return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 1_000_000, 0.9))

    gan = SMALL.build(d_optimizer=constant, g_optimizer=constant)
    fresh = [weight.numpy() for weight in gan.generator.trainable_weights]
    fit(gan, NaNGuard(factor=1e-12), Break(lambda gan: break_first(gan.generator.variables), 1))
    for weight, old in zip(gan.generator.trainable_weights, fresh):
        np.testing.assert_allclose(weight.numpy(), old, atol=1e-9)


def test_loss_scales_are_restored():
    gan = SMALL.build(dtype_policy="mixed_float16")
    gan.d_optimizer.dynamic_scale.assign(64.0)

    def break_scale(gan):
        gan.d_optimizer.dynamic_scale.assign(2.0)
        break_first(gan.generator.variables)

    fit(gan, NaNGuard(), Break(break_scale, 1), count=1)
    assert float(gan.d_optimizer.dynamic_scale.numpy()) == 64


def test_nothing_broken_is_saved_or_trained(tmp_path):
    gan = SMALL.build()
    gan.save(tmp_path / "gan.keras")
    before = (tmp_path / "gan.keras").read_bytes()
    break_first(gan.generator.variables)
    with pytest.raises(ValueError, match=broken_weights(gan)[0]):
        gan.save(tmp_path / "gan.keras")
    assert (tmp_path / "gan.keras").read_bytes() == before
    with pytest.raises(ValueError, match="NaN"):
        fit(gan, NaNGuard())


def test_callbacks_after_it_see_a_sound_gan(tmp_path):
    gan = SMALL.build()
    steps = Break(lambda gan: break_first(gan.generator.variables), 4)
    fit(gan, NaNGuard(), steps, fg.Checkpoint(tmp_path / "gan.keras"))
    check_finite(fg.load_gan(tmp_path / "gan.keras"))


@pytest.mark.parametrize("wrong", [{"tries": -1}, {"every": 0}, {"factor": 1}, {"factor": float("nan")}])
def test_settings_that_make_no_sense(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        NaNGuard(**wrong)
