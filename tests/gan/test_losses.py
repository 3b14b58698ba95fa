import keras
import numpy as np
import pytest
import tensorflow as tf

import facegen_keras as fg
from batches import small_batches


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


def test_weights_of_the_loss_weigh_its_terms():
    real, fake, wrong = (tf.constant([[value]]) for value in (2.0, -1.0, 0.5))
    plain = fg.CrossEntropy(mismatch="shuffle")
    halved = fg.CrossEntropy(mismatch="shuffle", weights=(1, 0.5, 0.5))
    of_real = float(plain.discriminator_loss(real))
    rest = float(plain.discriminator_loss(real, fake, wrong)) - of_real
    assert float(halved.discriminator_loss(real, fake, wrong)) == pytest.approx(of_real + rest / 2)
    with pytest.raises(ValueError, match="weights"):
        fg.CrossEntropy(weights=(1, 1))


def test_relativistic_loss_of_known_logits():
    real, fake, wrong = (tf.constant([[value]]) for value in (2.0, -1.0, 0.5))
    loss = fg.Relativistic(mismatch="shuffle", weights=(1, 1, 0.5))
    softplus = np.log1p(np.exp(-3.0)), 0.5 * np.log1p(np.exp(-1.5))
    assert float(loss.discriminator_loss(real, fake, wrong)) == pytest.approx(sum(softplus))
    assert float(loss.generator_loss(fake, real)) == pytest.approx(np.log1p(np.exp(3.0)))
    passes = tf.constant([[0.0], [1.0], [2.0], [3.0]])  # two passes of a batch of two
    two = tf.constant([[0.0], [1.0]])
    assert float(loss.generator_loss(passes, two)) == pytest.approx(np.log1p(np.exp([0, 0, -2, -2])).mean())


def test_gamma_weighs_half_the_squared_gradient_of_a_linear_discriminator():
    """Of D(x) = w . x the gradient is w everywhere, on real and on generated pictures."""
    recipe = fg.RECIPES["fc_gan"].override(image_size=8, attributes=1)
    losses = {}
    for gamma in (0.0, 3.0):
        gan = recipe.build(loss=fg.CrossEntropy(gamma=gamma), d_optimizer=lambda: keras.optimizers.SGD(0.0))
        hidden, last = gan.discriminator.verdict.get_layer("head").layers
        hidden.bias.assign(tf.fill(hidden.bias.shape, 100.0))  # relu is open: linear
        losses[gamma] = gan.fit(small_batches(recipe, count=1, size=8), verbose=0).history["d_loss"][0]
    gradient = (hidden.kernel.value @ last.kernel.value)[:-1].numpy()
    assert losses[3.0] - losses[0.0] == pytest.approx(3.0 * (gradient**2).sum(), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name, size", [("modern", 16), ("dcgan2", 16), ("dcgan4", 16)])
def test_relativistic_loss_and_gamma_train_any_recipe(name, size):
    recipe = fg.RECIPES[name].override(image_size=size, loss=fg.Relativistic(mismatch="shuffle", gamma=0.5))
    gan = recipe.build()
    before = [weight.numpy() for weight in gan.generator.trainable_weights]
    logs = gan.fit(small_batches(recipe, count=2), verbose=0).history
    assert all(np.isfinite(value).all() for value in logs.values())
    assert all((new.numpy() != old).any() for new, old in zip(gan.generator.trainable_weights, before))


def test_gamma_may_fall_by_the_steps_that_were_trained():
    falling = keras.optimizers.schedules.PiecewiseConstantDecay([10], [1.0, 0.1])
    loss = fg.CrossEntropy(gamma=falling)
    assert [float(loss.gamma_at(tf.constant(step, tf.int64))) for step in (0, 10, 11)] == pytest.approx([1, 1, 0.1])
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert float(copy.gamma_at(tf.constant(20, tf.int64))) == pytest.approx(0.1)


def test_what_d_is_not_told_has_no_weight_in_its_verdict():
    loss = fg.CrossEntropy(mismatch="flip", attribute_dropout=0.25)
    attributes = tf.ones((4_000, 2))
    told = loss.told_attributes(attributes, [1, 2]).numpy()
    dropped = (told == 0.5).all(axis=1)
    assert dropped.mean() == pytest.approx(0.25, abs=0.03) and (told[~dropped] == 1).all()
    np.testing.assert_array_equal(loss.wrong_attributes(attributes), np.zeros((4_000, 2)))
    gan = fg.RECIPES["modern"].build(image_size=16, attributes=2)
    images = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3)).astype(np.float32)
    looks = gan.discriminator.verdict.get_layer("head")(gan.discriminator.features(images))
    np.testing.assert_allclose(gan.discriminator([images, np.full((3, 2), 0.5, np.float32)]), looks, rtol=1e-5)


@pytest.mark.parametrize("dropout", [1, -0.1])
def test_dropout_that_cannot_be(dropout):
    with pytest.raises(ValueError, match="dropout"):
        fg.CrossEntropy(attribute_dropout=dropout)
    with pytest.raises(ValueError, match="could not be told"):
        fg.RECIPES["udacity"].build(loss=fg.CrossEntropy(attribute_dropout=0.5))
