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
