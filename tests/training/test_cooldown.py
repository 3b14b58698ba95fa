"""Learning rates fall in the last part of a training, by epochs or by the clock, also in one that goes on."""

import keras
import numpy as np
import pytest

import facegen_keras as fg
from batches import small_batches

SMALL = fg.RECIPES["dcgan2"].override(image_size=16, batch_size=8, d_optimizer=lambda: keras.optimizers.RMSprop(4e-4))


class Rates(keras.callbacks.Callback):
    """Keeps both learning rates that each step trained with."""

    def on_train_begin(self, logs=None):
        self.rates = []

    def on_train_batch_end(self, batch, logs=None):
        self.rates.append([float(o.learning_rate.numpy()) for o in (self.model.g_optimizer, self.model.d_optimizer)])


def rates_of(gan, *callbacks, **options):
    seen = Rates()
    history = gan.fit(small_batches(SMALL, count=4), verbose=0, callbacks=[*callbacks, seen], **options).history
    assert history["learning_rate"][-1] == pytest.approx(seen.rates[-1][0])
    return np.array(seen.rates)


def test_rates_fall_along_half_a_cosine_in_the_last_part():
    rates = rates_of(SMALL.build(), fg.Cooldown(0.5), epochs=2)
    expected = 2e-4 * np.array([1, 1, 1, 1, 1, *(0.1 + 0.9 * (1 + np.cos(np.pi * np.array([1, 2, 3]) / 4)) / 2)])
    np.testing.assert_allclose(rates[:, 0], expected, rtol=1e-5)
    np.testing.assert_allclose(rates[:, 1], 2 * rates[:, 0], rtol=1e-5)


@pytest.mark.slow
def test_a_training_that_goes_on_has_the_rates_of_one_that_was_not_interrupted(tmp_path):
    whole = rates_of(SMALL.build(), fg.Cooldown(1), epochs=2)
    gan = SMALL.build()
    first = rates_of(gan, fg.Cooldown(1), Stop(), epochs=2)
    gan.save(tmp_path / "gan.keras")
    rest = rates_of(fg.load_gan(tmp_path / "gan.keras"), fg.Cooldown(1), initial_epoch=1, epochs=2)
    np.testing.assert_array_equal(np.concatenate([first, rest]), whole)
    again = rates_of(fg.load_gan(tmp_path / "gan.keras"), fg.Cooldown(0), initial_epoch=1, epochs=2)
    np.testing.assert_array_equal(again[:, 0], whole[0, 0])


@pytest.mark.slow
def test_a_training_that_is_made_longer_begins_with_higher_rates():
    gan = SMALL.build()
    rates_of(gan, fg.Cooldown(1), epochs=1)
    longer = rates_of(gan, fg.Cooldown(1), initial_epoch=1, epochs=4)
    np.testing.assert_allclose(longer, rates_of(SMALL.build(), fg.Cooldown(1), epochs=4)[4:], rtol=1e-6)


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


def test_the_clock_may_end_a_training_before_its_epochs():
    rates = rates_of(SMALL.build(), fg.Cooldown(1 / 3, minutes=1e-6), epochs=1)
    np.testing.assert_allclose(rates[1:, 0], 2e-5, rtol=1e-5)
    assert rates_of(SMALL.build(), fg.Cooldown(1 / 3, minutes=60), epochs=2)[-1, 0] > 2e-5


def test_what_a_guard_takes_off_the_rates_stays_off_them():
    class Break(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.trackers["d_loss"].total.assign(np.nan)

    plain = rates_of(SMALL.build(), fg.Cooldown(1), epochs=1)
    halved = rates_of(SMALL.build(), Break(), fg.NaNGuard(), fg.Cooldown(1), epochs=1)
    np.testing.assert_allclose(halved[2:], plain[2:] / 2, rtol=1e-5)


def test_rates_that_are_set_between_two_fits_are_the_full_ones_of_the_second():
    gan = SMALL.build()
    rates_of(gan, fg.Cooldown(1), epochs=1)
    gan.optimizer.learning_rate = 1e-3
    assert rates_of(gan, fg.Cooldown(0.5), epochs=1)[0, 0] == pytest.approx(1e-3)


def test_the_minutes_that_are_spent_count():
    assert rates_of(SMALL.build(), fg.Cooldown(1, minutes=60, spent=59.99), epochs=1)[0, 0] < 3e-5


def test_a_share_of_nothing_leaves_the_rates_alone():
    np.testing.assert_allclose(rates_of(SMALL.build(), fg.Cooldown(0), epochs=1)[:, 0], 2e-4, rtol=1e-5)


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_shares_out_of_range(share):
    with pytest.raises(ValueError, match="cooldown=.*from 0 to 1"):
        fg.Cooldown(share)
    with pytest.raises(ValueError, match="cooldown="):
        SMALL.override(cooldown=share)


def test_a_schedule_of_keras_and_a_cooldown_exclude_each_other():
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 10)
    gan = SMALL.build(g_optimizer=lambda: keras.optimizers.Adam(schedule))
    with pytest.raises(ValueError, match="schedule of its own"):
        gan.fit(small_batches(SMALL, count=1), verbose=0, callbacks=[fg.Cooldown(0.5)])
    gan.fit(small_batches(SMALL, count=1), verbose=0, callbacks=[fg.Cooldown(0)])
