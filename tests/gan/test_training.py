import keras
import numpy as np
import pytest
import tensorflow as tf

import facegen_keras as fg
from batches import small_batches


@pytest.fixture(scope="module")
def gan():
    gan = fg.RECIPES["dcgan2"].build(image_size=16, attributes=5)
    gan.fit(small_batches(fg.RECIPES["dcgan2"].override(attributes=5)), verbose=0)
    return gan


def test_logs_are_those_promised():
    unconditional = fg.RECIPES["udacity"].build(image_size=16)
    logs = unconditional.fit(small_batches(fg.RECIPES["udacity"]), verbose=0).history
    assert set(logs) == {"d_loss", "g_loss", "d_real", "d_fake", "d_accuracy", "d_trained"}
    conditional = fg.RECIPES["dcgan2"].build(image_size=16)
    assert "d_mismatch" in conditional.fit(small_batches(fg.RECIPES["dcgan2"]), verbose=0).history


def test_discriminator_learns_to_tell_real_fake_and_mismatched():
    """Black real pictures with Male = 1 against whatever a resting G draws: D must tell all three apart."""
    black = tf.data.Dataset.from_tensors((np.zeros((8, 8, 8, 3), np.float32), np.ones((8, 1), np.float32)))
    gan = fg.RECIPES["fc_gan"].build(
        image_size=8,
        attributes=1,
        loss=fg.CrossEntropy(mismatch="flip"),
        d_optimizer=lambda: keras.optimizers.Adam(2e-3),
        g_optimizer=lambda: keras.optimizers.SGD(0.0),
    )
    logs = gan.fit(black.repeat(150), verbose=0, epochs=2).history
    assert logs["d_real"][-1] > 0.9
    assert logs["d_fake"][-1] < 0.1
    assert logs["d_mismatch"][-1] < 0.1
    assert logs["d_accuracy"][-1] > 0.95


def test_generator_learns_the_colour_of_its_data():
    """All real pictures are red: the samples must become red."""
    red = np.zeros((8, 8, 8, 3), np.float32)
    red[..., 0] = 1
    gan = fg.RECIPES["fc_gan"].build(
        image_size=8,
        attributes=1,
        d_optimizer=lambda: keras.optimizers.Adam(1e-3),
        g_optimizer=lambda: keras.optimizers.Adam(1e-3),
    )
    before = gan.sample(16).reshape(-1, 3).mean(0)
    gan.fit(tf.data.Dataset.from_tensors((red, np.ones((8, 1), np.float32))).repeat(300), verbose=0)
    after = gan.sample(16).reshape(-1, 3).mean(0)
    assert after[0] > before[0] + 40
    assert after[1] < before[1] - 40


@pytest.mark.parametrize("schedule, share", [(fg.EveryStep(), 1.0), (fg.Ratio(4), 0.25), (fg.DecayRatio(0, 1, 2), 0.5)])
def test_schedule_decides_how_often_the_discriminator_changes(schedule, share):
    gan = fg.RECIPES["udacity"].build(image_size=16, schedule=schedule)
    logs = gan.fit(small_batches(fg.RECIPES["udacity"], count=8), verbose=0).history
    assert logs["d_trained"] == [share]
    assert int(gan.d_optimizer.iterations.numpy()) == 8 * share
    assert int(gan.g_optimizer.iterations.numpy()) == 8


@pytest.mark.parametrize("steps_per_execution", [1, 3])
def test_steps_are_counted_where_nobody_knows_how_many_there_are(steps_per_execution):
    gan = fg.RECIPES["dcgan2"].build(image_size=16, attributes=1, steps_per_execution=steps_per_execution)
    batches = small_batches(fg.RECIPES["dcgan2"].override(attributes=1), count=4)
    unknown = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=batches.element_spec)
    history = gan.fit(unknown, epochs=3, verbose=0).history
    assert int(gan.steps_done.numpy()) == 12
    assert history["d_trained"] == [1.0] * 3


def test_closed_gate_leaves_the_discriminator_alone_and_says_so():
    gan = fg.RECIPES["udacity"].build(image_size=16, schedule=fg.AccuracyGate(0.51))
    gan.real_accuracy.assign(1.0)
    gan.fake_accuracy.assign(1.0)
    before = [weight.numpy().copy() for weight in gan.discriminator.trainable_weights]
    logs = gan.fit(small_batches(fg.RECIPES["udacity"], count=2), verbose=0).history
    assert logs["d_trained"] == [0.0]
    assert np.isnan(logs["d_loss"][0]), "nothing was ever measured"
    for weight, old in zip(gan.discriminator.trainable_weights, before):
        np.testing.assert_array_equal(weight.numpy(), old)


@pytest.mark.slow
def test_gate_opens_again_when_the_generator_fools_the_discriminator():
    gan = fg.RECIPES["udacity"].build(image_size=16, schedule=fg.AccuracyGate(0.75))
    gan.fake_accuracy.assign(1.0)
    gan.real_accuracy.assign(1.0)
    gan.discriminator.verdict.layers[0].bias.assign([50.0])  # D calls everything real
    logs = gan.fit(small_batches(fg.RECIPES["udacity"], count=20), verbose=0).history
    assert 0 < logs["d_trained"][0] < 1


class PictureCounter(keras.layers.Layer):
    """Passes pictures on, and counts them as the graph runs."""

    def build(self, shape):
        self.seen = self.add_weight(initializer="zeros", dtype="int64", trainable=False)

    def call(self, pictures):
        self.seen.assign_add(keras.ops.cast(keras.ops.shape(pictures)[0], "int64"))
        return pictures


@pytest.mark.parametrize("schedule, pictures", [(fg.EveryStep(), 24), (fg.Ratio(1_000_000), 8)])
def test_resting_discriminator_does_no_work(schedule, pictures):
    """Beside the 8 pictures that G is judged by in every step it reads 8 real and 8 generated ones, or none."""
    counter = PictureCounter()

    def counted(n):
        features, head = fg.builders.udacity_discriminator(n)
        return keras.Sequential([counter, features]), head

    recipe = fg.RECIPES["udacity"].override(discriminator=counted)
    gan = recipe.build(image_size=16, schedule=schedule)
    data = small_batches(recipe, count=6)
    gan.fit(data.take(1), verbose=0)  # a Ratio begins with a step of D
    counter.seen.assign(0)
    gan.fit(data.take(5), verbose=0)
    assert counter.seen.numpy() == 5 * pictures


def test_faces_without_attributes_are_refused():
    images = tf.data.Dataset.from_tensors(np.zeros((8, 16, 16, 3), np.float32))
    for batches in (images, tf.data.Dataset.zip(images, tf.data.Dataset.from_tensors(np.zeros(8)))):
        with pytest.raises(ValueError, match="load_faces"):
            fg.RECIPES["udacity"].build(image_size=16).fit(batches, verbose=0)


@pytest.mark.parametrize("options, mend", [({"size": 24}, "image_size=\\(16, 16\\)"), ({}, "attributes=\\['Male'\\]")])
def test_faces_that_do_not_fit_the_gan(options, mend):
    gan = fg.RECIPES["dcgan2"].build(image_size=16, attributes=1)
    with pytest.raises(ValueError, match=mend):
        gan.fit(small_batches(fg.RECIPES["dcgan2"], **options), verbose=0)


@pytest.mark.slow
def test_same_seed_same_training():
    recipe = fg.RECIPES["dcgan2"].override(attributes=5)
    data = small_batches(recipe, size=8)
    histories = [recipe.build(image_size=8, seed=seed).fit(data, verbose=0).history for seed in (1, 1, 2)]
    assert histories[0] == histories[1]
    assert histories[0] != histories[2]


@pytest.mark.slow
def test_ema_weights_follow_and_are_what_samples_are_drawn_with(tmp_path):
    gan = fg.RECIPES["dcgan2"].build(image_size=16, ema_decay=0.9, dtype_policy="float32")
    data = small_batches(fg.RECIPES["dcgan2"], count=1)
    kernel, average = gan.generator.trainable_weights[0], gan.ema_generator.weights[0]
    start = kernel.numpy()
    gan.fit(data, verbose=0)
    np.testing.assert_allclose(average.numpy(), 0.1 * start + 0.9 * kernel.numpy(), rtol=1e-4, atol=1e-7)  # warming up
    gan.fit(data.repeat(20), verbose=0)
    assert 0 < np.abs(average.numpy() - kernel.numpy()).mean() < np.abs(start - kernel.numpy()).mean()
    latents, attributes = gan.sample_latents(2), np.ones((2, 2), np.float32)
    drawn = gan.ema_generator([latents, attributes], training=False)
    np.testing.assert_array_equal(gan.sample(attributes=attributes, latents=latents), gan.to_pictures(drawn))
    gan.save(tmp_path / "gan.keras")
    np.testing.assert_array_equal(fg.load_gan(tmp_path / "gan.keras").sample(2), gan.sample(2))


def test_ema_off_is_the_generator_itself(gan):
    assert gan.sampling_generator is gan.generator


@pytest.mark.parametrize("ema_decay", [1, -0.1])
def test_nonsense_decay_is_refused(ema_decay):
    with pytest.raises(ValueError, match="ema_decay"):
        fg.RECIPES["dcgan2"].build(image_size=16, ema_decay=ema_decay)


@pytest.mark.slow
@pytest.mark.parametrize("augmentation", [fg.instance_noise, fg.shifts])
def test_augmentation_reaches_d_in_training_alone_and_lets_gradients_through(augmentation, tmp_path):
    gan = fg.RECIPES["dcgan2"].build(image_size=16, augmentation=augmentation)
    images, attributes = tf.random.stateless_uniform((4, 16, 16, 3), (1, 2)), np.zeros((4, 2), np.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        changed = gan.augmentation(images, training=True)
    assert (changed.numpy() != images.numpy()).any() and changed.shape == images.shape
    assert np.abs(tape.gradient(changed, images)).sum() > 0
    (logits,) = gan.discriminate(images, [attributes])
    np.testing.assert_array_equal(logits, gan.discriminator([images, tf.constant(attributes)]))
    first, second = (gan.discriminate(images, [attributes], training=True)[0].numpy() for _ in range(2))
    assert (first != second).any(), "D saw the same twice"
    gan.fit(small_batches(fg.RECIPES["dcgan2"]), verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = fg.load_gan(tmp_path / "gan.keras")
    np.testing.assert_array_equal(*(of.augmentation(images, training=True) for of in (loaded, gan)))  # its noise, too


class Steps(keras.callbacks.Callback):
    """Counts batches."""

    steps = 0

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1


def test_callbacks_are_whatever_keras_accepts():
    gan = fg.RECIPES["udacity"].build(image_size=16)
    data, steps = small_batches(fg.RECIPES["udacity"], count=2), Steps()
    several = keras.callbacks.CallbackList([steps], add_history=True, model=gan, epochs=1, verbose=0, steps=2)
    for callbacks in (steps, [steps], (steps,), several, None):
        gan.fit(data, verbose=0, callbacks=callbacks)
    assert steps.steps == 8 and int(gan.epochs_done.numpy()) == 1


@pytest.mark.slow
def test_resting_discriminator_keeps_its_last_logs(tmp_path):
    """After an epoch in which D trained, one in which it rests logs no NaN; saved and loaded in between, too."""
    data = small_batches(fg.RECIPES["udacity"], count=2)
    gan = fg.RECIPES["udacity"].build(image_size=16, schedule=fg.Ratio(1_000_000))
    first = gan.fit(data, verbose=0).history
    gan.save(tmp_path / "gan.keras")
    for going_on in (gan, fg.load_gan(tmp_path / "gan.keras")):
        logs = going_on.fit(data, verbose=0, initial_epoch=1, epochs=2).history
        assert logs["d_trained"] == [0] and logs["d_loss"] == first["d_loss"] and logs["d_real"] == first["d_real"]
