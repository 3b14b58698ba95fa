import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import facegen_keras as fg


def small_batches(recipe, count=4, batch=8, size=16):
    """Batches of noise in the recipe's shape: enough for what does not depend on faces."""
    rng = np.random.default_rng(0)
    low, high = recipe.value_range
    images = rng.uniform(low, high, (count * batch, size, size, 3)).astype(np.float32)
    n = 0 if recipe.random_attributes else len(recipe.attributes)
    attributes = rng.integers(0, 2, (count * batch, n)).astype(np.float32)
    return tf.data.Dataset.from_tensor_slices((images, attributes)).batch(batch, drop_remainder=True)


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


def test_inverted_labels_mirror_the_loss_and_keep_the_meaning_of_probability():
    inverted, plain = fg.CrossEntropy(real_label=0), fg.CrossEntropy()
    real, fake = tf.constant([[2.0]]), tf.constant([[-1.0]])
    assert float(inverted.discriminator_loss(-real, -fake)) == pytest.approx(
        float(plain.discriminator_loss(real, fake))
    )
    assert float(inverted.generator_loss(-fake)) == pytest.approx(float(plain.generator_loss(fake)))
    assert inverted.probability(-real).numpy() == pytest.approx(plain.probability(real).numpy())


def test_joint_batch_is_one_batch_of_both_halves():
    """A joint batch averages over both halves; separate batches add up."""
    real, fake = tf.constant([[2.0]]), tf.constant([[-1.0]])
    joint = fg.CrossEntropy(joint_batch=True).discriminator_loss(real, fake)
    apart = fg.CrossEntropy().discriminator_loss(real, fake)
    assert float(apart) == pytest.approx(np.log1p(np.exp(-2)) + np.log1p(np.exp(-1)), abs=1e-5)
    assert float(joint) == pytest.approx(float(apart) / 2)


@pytest.mark.parametrize("schedule, share", [(fg.EveryStep(), 1.0), (fg.Ratio(4), 0.25), (fg.DecayRatio(0, 1, 2), 0.5)])
def test_schedule_decides_how_often_the_discriminator_changes(schedule, share):
    gan = fg.RECIPES["udacity"].build(image_size=16, schedule=schedule)
    logs = gan.fit(small_batches(fg.RECIPES["udacity"], count=8), verbose=0).history
    assert logs["d_trained"] == [share]
    assert int(gan.d_optimizer.iterations.numpy()) == 8 * share
    assert int(gan.g_optimizer.iterations.numpy()) == 8


def test_closed_gate_leaves_the_discriminator_alone_and_says_so():
    gan = fg.RECIPES["udacity"].build(image_size=16, schedule=fg.AccuracyGate(0.51))
    gan.real_accuracy.assign(1.0)
    gan.fake_accuracy.assign(1.0)
    before = [weight.numpy().copy() for weight in gan.discriminator.trainable_weights]
    logs = gan.fit(small_batches(fg.RECIPES["udacity"], count=2), verbose=0).history
    assert logs["d_trained"] == [0.0]
    assert np.isnan(logs["d_loss"][0])
    for weight, old in zip(gan.discriminator.trainable_weights, before):
        np.testing.assert_array_equal(weight.numpy(), old)


def test_gate_opens_again_when_the_generator_fools_the_discriminator():
    gan = fg.RECIPES["udacity"].build(image_size=16, schedule=fg.AccuracyGate(0.75))
    gan.fake_accuracy.assign(1.0)
    gan.real_accuracy.assign(1.0)
    gan.discriminator.get_layer("head").layers[0].bias.assign([50.0])  # D calls everything real
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
        with pytest.raises(ValueError, match="make them by load_faces"):
            fg.RECIPES["udacity"].build(image_size=16).fit(batches, verbose=0)


def test_loaded_without_its_optimisers_it_is_saved_again(gan, tmp_path):
    gan.save(tmp_path / "gan.keras")
    keras.models.load_model(tmp_path / "gan.keras", compile=False).save(tmp_path / "bare.keras")
    np.testing.assert_array_equal(fg.load_gan(tmp_path / "bare.keras").sample(2), gan.sample(2))


def test_same_seed_same_training():
    recipe = fg.RECIPES["dcgan2"].override(attributes=5)
    data = small_batches(recipe, size=8)
    histories = [recipe.build(image_size=8, seed=seed).fit(data, verbose=0).history for seed in (1, 1, 2)]
    assert histories[0] == histories[1]
    assert histories[0] != histories[2]


def test_sample_by_seed_and_attributes(gan):
    faces = gan.sample(5, {"Male": 1, "Smiling": 1}, seed=7)
    assert faces.shape == (5, 16, 16, 3) and faces.dtype == np.uint8
    np.testing.assert_array_equal(faces, gan.sample(5, {"Male": 1, "Smiling": 1}, seed=7))
    assert (faces != gan.sample(5, {"Male": 1, "Smiling": 1}, seed=8)).any()
    np.testing.assert_allclose(gan.sample(5, seed=1, batch_size=2), gan.sample(5, seed=1), atol=1)


def test_attributes_reach_the_picture(gan):
    latents = gan.draw_latents(4)
    assert (
        gan.sample(attributes=[1, 0, 0, 0, 0], latents=latents) != gan.sample(attributes=[0] * 5, latents=latents)
    ).any()


def test_unnamed_attributes_are_drawn_as_they_go_together(gan):
    vectors = gan.draw_attributes(400, {"Blond_Hair": 1}, seed=0)
    male, _, black, blond, _ = vectors.T
    assert blond.all() and not black.any()
    assert male.mean() < 0.2  # few of CelebA's blond faces are men
    half = gan.draw_attributes(3, {"Male": 0.5})
    np.testing.assert_array_equal(half[:, 0], 0.5)


@pytest.mark.parametrize(
    "wish, message",
    [
        ({"Smilling": 1}, "did you mean 'Smiling'"),
        ({"Wearing_Hat": 1}, "expected one of|did you mean"),
        ({"Male": 2}, "between 0"),
        ([1, 0], "expected a dict"),
    ],
)
def test_wish_the_generator_cannot_fulfil(gan, wish, message):
    with pytest.raises(ValueError, match=message):
        gan.sample(2, wish)


def test_attributes_for_a_generator_without_any():
    with pytest.raises(ValueError, match="no attributes"):
        fg.RECIPES["udacity"].build(image_size=16).sample(2, {"Male": 1})


@pytest.mark.parametrize("options, mend", [({"size": 24}, "image_size=\\(16, 16\\)"), ({}, "attributes=\\['Male'\\]")])
def test_faces_that_do_not_fit_the_gan(options, mend):
    gan = fg.RECIPES["dcgan2"].build(image_size=16, attributes=1)
    with pytest.raises(ValueError, match=mend):
        gan.fit(small_batches(fg.RECIPES["dcgan2"], **options), verbose=0)


def test_latents_of_another_shape(gan):
    with pytest.raises(ValueError, match="expected \\(count, 100"):
        gan.sample(latents=np.zeros((2, 7)))


def test_verdict_is_a_probability(gan):
    faces = gan.sample(6, seed=0)
    verdicts = gan.verdict(faces, [1, 0, 0, 0, 0])
    assert verdicts.shape == (6,) and (0 <= verdicts).all() and (verdicts <= 1).all()
    with pytest.raises(ValueError, match="attributes"):
        gan.verdict(faces)


def test_pictures_and_images_are_inverse():
    for name in ("dcgan2", "udacity"):
        gan = fg.RECIPES[name].build(image_size=16)
        pictures = np.arange(256, dtype=np.uint8)
        np.testing.assert_array_equal(gan.to_pictures(gan.to_images(pictures)), pictures)
        assert gan.to_images(pictures).min() == gan.value_range[0]


@pytest.mark.parametrize("name", ["dcgan2", "human_face"])
def test_saved_gan_goes_on_as_if_never_interrupted(name, tmp_path):
    """Weights, optimisers, counters and the dropout of `human_face` come back."""
    recipe = fg.RECIPES[name]
    data = small_batches(recipe, size=8)
    gan = recipe.build(image_size=8, schedule=fg.Ratio(3))
    gan.fit(data, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = fg.load_gan(tmp_path / "gan.keras")
    assert repr(loaded.schedule) == "Ratio(ratio=3)"
    assert int(loaded.epochs_done.numpy()) == 1
    going_on = [g.fit(data, initial_epoch=1, epochs=3, verbose=0).history for g in (gan, loaded)]
    assert going_on[0] == going_on[1]
    np.testing.assert_array_equal(gan.sample(4), loaded.sample(4))


def test_fresh_process_draws_the_same_faces(gan, tmp_path):
    gan.save(tmp_path / "gan.keras")
    gan.generator.save(tmp_path / "generator.keras")
    np.save(tmp_path / "latents.npy", gan.draw_latents(3, seed=5))
    script = """
import sys, numpy as np, facegen_keras as fg
np.save(sys.argv[1] + "/faces.npy", fg.load_gan(sys.argv[1] + "/gan.keras").sample(3, {"Male": 1}, seed=5))
import keras
generator = keras.models.load_model(sys.argv[1] + "/generator.keras")
np.save(sys.argv[1] + "/images.npy", generator([np.load(sys.argv[1] + "/latents.npy"), np.ones((3, 5), np.float32)]))
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True)
    np.testing.assert_array_equal(np.load(tmp_path / "faces.npy"), gan.sample(3, {"Male": 1}, seed=5))
    images = gan.generate(gan.draw_latents(3, seed=5), np.ones((3, 5), np.float32))
    np.testing.assert_allclose(np.load(tmp_path / "images.npy"), images, atol=1e-6)


def test_a_file_that_is_no_gan(gan, tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.keras"):
        fg.load_gan(tmp_path / "nothing.keras")
    (tmp_path / "broken.keras").write_bytes(b"not a zip file")
    with pytest.raises(ValueError, match="broken.keras"):
        fg.load_gan(tmp_path / "broken.keras")
    gan.generator.save(tmp_path / "generator.keras")
    with pytest.raises(ValueError, match="not a FaceGAN"):
        fg.load_gan(tmp_path / "generator.keras")


def test_averaged_weights_follow_and_are_what_samples_are_drawn_with(tmp_path):
    gan = fg.RECIPES["dcgan2"].build(image_size=16, averaging=0.9)
    data = small_batches(fg.RECIPES["dcgan2"], count=1)
    kernel, average = gan.generator.trainable_weights[0], gan.averaged_generator.weights[0]
    start = kernel.numpy()
    gan.fit(data, verbose=0)
    np.testing.assert_allclose(average.numpy(), 0.1 * start + 0.9 * kernel.numpy(), rtol=1e-4, atol=1e-7)  # warming up
    gan.fit(data.repeat(20), verbose=0)
    assert 0 < np.abs(average.numpy() - kernel.numpy()).mean() < np.abs(start - kernel.numpy()).mean()
    latents, wanted = gan.draw_latents(2), np.ones((2, 2), np.float32)
    drawn = gan.averaged_generator([latents, wanted], training=False)
    np.testing.assert_array_equal(gan.sample(attributes=wanted, latents=latents), gan.to_pictures(drawn))
    gan.save(tmp_path / "gan.keras")
    np.testing.assert_array_equal(fg.load_gan(tmp_path / "gan.keras").sample(2), gan.sample(2))


def test_averaging_off_is_the_generator_itself(gan):
    assert gan.sampling_generator is gan.generator


@pytest.mark.parametrize("averaging", [1, -0.1])
def test_nonsense_averaging_is_refused(averaging):
    with pytest.raises(ValueError, match="averaging"):
        fg.RECIPES["dcgan2"].build(image_size=16, averaging=averaging)


def test_weights_of_the_loss_weigh_its_terms():
    real, fake, wrong = (tf.constant([[value]]) for value in (2.0, -1.0, 0.5))
    plain = fg.CrossEntropy(mismatch="shuffle")
    halved = fg.CrossEntropy(mismatch="shuffle", weights=(1, 0.5, 0.5))
    of_real = float(plain.discriminator_loss(real))
    rest = float(plain.discriminator_loss(real, fake, wrong)) - of_real
    assert float(halved.discriminator_loss(real, fake, wrong)) == pytest.approx(of_real + rest / 2)
    with pytest.raises(ValueError, match="weights"):
        fg.CrossEntropy(weights=(1, 1))


def test_projection_conditions_on_attributes():
    gan = fg.RECIPES["modern"].build(image_size=16, attributes=2)
    images = np.tile(np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)), (2, 1, 1, 1)).astype(np.float32)
    logits = gan.judge(images, np.array([[0, 0], [1, 1]], np.float32)).numpy()
    middle = gan.judge(images[:1], np.array([[0.5, 0.5]], np.float32)).numpy()
    assert logits[0] != logits[1]
    assert logits.mean() == pytest.approx(middle.item(), abs=1e-5)  # linear in the attributes


def test_features_computed_once_are_those_of_each_judgement():
    """D's own and wrong attributes, where it reads them last, share the features of the picture."""
    gan = fg.RECIPES["dcgan1"].build(image_size=16)
    images = np.random.default_rng(0).random((4, 16, 16, 3), np.float32)
    attributes = np.array([[0], [1], [1], [0]], np.float32)
    logits = gan.judge_kinds(images, attributes, images, attributes)
    apart = [gan.judge(images, read, training=True) for read in (attributes, 1 - attributes)]
    np.testing.assert_allclose(logits["real"], apart[0], rtol=1e-5)
    np.testing.assert_allclose(logits["mismatch"], apart[1], rtol=1e-5)
    assert not np.allclose(apart[0], apart[1])


def test_relativistic_loss_of_known_logits():
    real, fake, wrong = (tf.constant([[value]]) for value in (2.0, -1.0, 0.5))
    loss = fg.Relativistic(mismatch="shuffle", weights=(1, 1, 0.5))
    softplus = np.log1p(np.exp(-3.0)), 0.5 * np.log1p(np.exp(-1.5))
    assert float(loss.discriminator_loss(real, fake, wrong)) == pytest.approx(sum(softplus))
    assert float(loss.generator_loss(fake, real)) == pytest.approx(np.log1p(np.exp(3.0)))
    passes = tf.constant([[0.0], [1.0], [2.0], [3.0]])  # two passes of a batch of two
    two = tf.constant([[0.0], [1.0]])
    assert float(loss.generator_loss(passes, two)) == pytest.approx(np.log1p(np.exp([0, 0, -2, -2])).mean())


def test_penalty_is_half_the_squared_slope_of_a_linear_discriminator():
    """Of D(x) = w . x the slope is w everywhere, on real and on generated pictures."""
    recipe = fg.RECIPES["fc_gan"].override(image_size=8, attributes=1)
    losses = {}
    for penalty in (0.0, 3.0):
        gan = recipe.build(loss=fg.CrossEntropy(penalty=penalty), d_optimizer=lambda: keras.optimizers.SGD(0.0))
        hidden, last = gan.discriminator.get_layer("verdict").get_layer("head").layers
        hidden.bias.assign(tf.fill(hidden.bias.shape, 100.0))  # relu is open: linear
        losses[penalty] = gan.fit(small_batches(recipe, count=1, size=8), verbose=0).history["d_loss"][0]
    slope = (hidden.kernel.value @ last.kernel.value)[:-1].numpy()
    assert losses[3.0] - losses[0.0] == pytest.approx(3.0 * (slope**2).sum(), rel=1e-3)


@pytest.mark.parametrize("name, size", [("modern", 16), ("dcgan2", 16), ("dcgan4", 16)])
def test_relativistic_loss_and_penalty_train_any_recipe(name, size):
    recipe = fg.RECIPES[name].override(image_size=size, loss=fg.Relativistic(mismatch="shuffle", penalty=0.5))
    gan = recipe.build()
    before = [weight.numpy() for weight in gan.generator.trainable_weights]
    logs = gan.fit(small_batches(recipe, count=2), verbose=0).history
    assert all(np.isfinite(value).all() for value in logs.values())
    assert all((new.numpy() != old).any() for new, old in zip(gan.generator.trainable_weights, before))


@pytest.mark.parametrize("augmentation", [fg.instance_noise, fg.shifts])
def test_augmentation_reaches_d_in_training_alone_and_lets_gradients_through(augmentation, tmp_path):
    gan = fg.RECIPES["dcgan2"].build(image_size=16, augmentation=augmentation)
    images, attributes = tf.random.stateless_uniform((4, 16, 16, 3), (1, 2)), np.zeros((4, 2), np.float32)
    np.testing.assert_array_equal(gan.augmented(images, False), images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        changed = gan.augmented(images, True)
    assert (changed.numpy() != images.numpy()).any() and changed.shape == images.shape
    assert np.abs(tape.gradient(changed, images)).sum() > 0
    np.testing.assert_array_equal(gan.judge(images, attributes), gan.discriminator([images, tf.constant(attributes)]))
    frozen = [gan.judge(images, attributes, training=True) for _ in range(2)]
    assert (frozen[0].numpy() != frozen[1].numpy()).any(), "D saw the same twice"
    gan.fit(small_batches(fg.RECIPES["dcgan2"]), verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = fg.load_gan(tmp_path / "gan.keras")
    np.testing.assert_array_equal(loaded.augmented(images, True), gan.augmented(images, True))  # noise goes on, too
