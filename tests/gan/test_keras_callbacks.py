import keras
import numpy as np
import pytest

import facegen_keras as fg
from batches import small_batches
from facegen_keras.gan.optimizers import rate_of

SMALL = fg.RECIPES["dcgan2"].override(
    image_size=8,
    attributes=1,
    d_optimizer=lambda: keras.optimizers.Adam(4e-4),
    g_optimizer=lambda: keras.optimizers.Adam(1e-4),
)


def fit(gan, count=1, **options):
    return gan.fit(small_batches(SMALL, count=count, size=8), verbose=0, **options).history


def rates_of(gan):
    return [rate_of(optimizer) for optimizer in (gan.d_optimizer, gan.g_optimizer)]


class Break(keras.callbacks.Callback):
    """Makes a weight NaN after a batch."""

    def __init__(self, network, after):
        super().__init__()
        self.network, self.after, self.batches = network, after, 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        if self.batches == self.after:
            weight = getattr(self.model, self.network).trainable_weights[0]
            weight.assign(np.full(weight.shape, np.nan))


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_terminate_on_nan_looks_at_both_losses(network):
    gan = SMALL.build()
    breaks = Break(network, after=2)
    fit(gan, count=6, callbacks=[keras.callbacks.TerminateOnNaN(), breaks])
    assert breaks.batches == 3 and int(gan.steps_done.numpy()) == 3


@pytest.mark.slow
def test_terminate_on_nan_leaves_a_resting_discriminator_alone():
    """Its loss is logged as NaN, as none was measured."""
    gan = SMALL.build(schedule=fg.AccuracyGate(0.51))
    gan.real_accuracy.assign(1.0)
    gan.fake_accuracy.assign(1.0)
    logs = fit(gan, count=3, callbacks=keras.callbacks.TerminateOnNaN())
    assert int(gan.steps_done.numpy()) == 3 and "loss" not in logs and np.isnan(logs["d_loss"][0])


def test_a_scheduled_learning_rate_reaches_both_optimisers():
    """The source's ratio of 4 to 1 is kept, also through a warm-up that starts at 0."""
    gan, seen = SMALL.build(), []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(rates_of(gan)))
    fit(gan, epochs=3, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch, rate: epoch * 1e-4), watch])
    np.testing.assert_allclose(seen, [[0, 0], [4e-4, 1e-4], [8e-4, 2e-4]], rtol=1e-5)


def test_a_plateau_lowers_both_learning_rates():
    gan = SMALL.build()
    plateau = keras.callbacks.ReduceLROnPlateau("g_loss", factor=0.5, patience=1, mode="min", min_delta=1e9)
    fit(gan, epochs=3, callbacks=plateau)
    np.testing.assert_allclose(rates_of(gan), [1e-4, 2.5e-5], rtol=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_a_lowered_learning_rate_is_saved(policy, tmp_path):
    gan = SMALL.build(dtype_policy=policy)
    gan.optimizer.learning_rate = 3e-5
    gan.save(tmp_path / "gan.keras")
    np.testing.assert_allclose(rates_of(fg.load_gan(tmp_path / "gan.keras")), [12e-5, 3e-5], rtol=1e-5)


def test_what_a_gan_has_no_meaning_for_says_what_to_call():
    gan, data = SMALL.build(), small_batches(SMALL, count=1, size=8)
    with pytest.raises(NotImplementedError, match="fg.evaluate"):
        gan.evaluate(data)
    with pytest.raises(NotImplementedError, match="gan.sample"):
        gan.predict(data)
    for options in {"validation_data": data}, {"validation_split": 0.1}:
        with pytest.raises(ValueError, match="fg.evaluate"):
            gan.fit(data, **options)
