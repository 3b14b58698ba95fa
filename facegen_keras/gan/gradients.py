"""What D and G of a GAN learn from pictures: their gradients, and what is logged of them.

Gradients are divided by the number of replicas, because Keras' optimisers sum them up.
"""

import tensorflow as tf

from facegen_keras.gan.losses import gradient_penalty


def generator_gradients(gan, images, attributes, latents, targets, train_discriminator=None):
    """G's gradients, times the loss scale, and a dict of scalars that were measured.

    Args:
        gan: a compiled `FaceGAN`.
        images, attributes: real images (b, H, W, 3), and the attributes (b, n) that they have.
        latents, targets: latents (b, ...) of the fakes, and the attributes (b, n) that are asked for.
        train_discriminator: function of fakes and their attributes, through which D learns from them first.
    """
    with tf.GradientTape() as tape:
        fakes, targets, extra_loss, measured = gan.generate_fakes(latents, targets)
        if train_discriminator is not None:
            with tape.stop_recording():
                train_discriminator(fakes, targets)
        (fake,) = gan.discriminate(fakes, [_told(gan, targets)], training=True)
        real = None
        if gan.gan_loss.is_relativistic:
            (real,) = gan.discriminate(images, [_told(gan, attributes)], training=True)
        g_loss = gan.gan_loss.generator_loss(fake, real) + extra_loss
        scaled_loss = gan.g_optimizer.scale_loss(g_loss) / replicas_of(gan)
    gradients = tape.gradient(scaled_loss, gan.generator.trainable_variables)
    return gradients, measured | {"g_loss": g_loss, "fake_accuracy": _share(gan.gan_loss.probability(fake) < 0.5)}


def discriminator_gradients(gan, images, attributes, fakes, targets):
    """D's gradients, times the loss scale, and a dict of scalars that were measured.

    Args:
        gan: a compiled `FaceGAN`.
        images, attributes: real images (b, H, W, 3), and the attributes (b, n) that they have.
        fakes, targets: generated images (k, H, W, 3), and the attributes (k, n) that were asked for.
    """
    fakes = tf.stop_gradient(fakes)
    scale = gan.d_optimizer.scale_loss(1.0)  # 1 but in float16
    with tf.GradientTape() as tape:
        with tf.GradientTape() as penalty_tape:
            penalty_tape.watch([images, fakes])
            logits = _discriminate_kinds(gan, images, attributes, fakes, targets)
            logit_sum = scale * (tf.reduce_sum(logits["real"]) + tf.reduce_sum(logits["fake"]))
        d_loss = gan.gan_loss.discriminator_loss(*logits.values())
        if gan.gan_loss.gamma:
            slopes = [scaled / scale for scaled in penalty_tape.gradient(logit_sum, [images, fakes])]
            d_loss += gan.gan_loss.gamma_at(gan.steps_done.value) / 2 * gradient_penalty(slopes)
        scaled_loss = scale * d_loss / replicas_of(gan)
    gradients = tape.gradient(scaled_loss, gan.discriminator.trainable_variables)
    probability = {name: gan.gan_loss.probability(of) for name, of in logits.items()}
    measured = {f"d_{name}": tf.reduce_mean(of) for name, of in probability.items()}
    measured |= {"d_loss": d_loss, "d_scale": scale, "real_accuracy": _share(probability["real"] >= 0.5)}
    return gradients, measured


def _discriminate_kinds(gan, images, attributes, fakes, targets):
    """D's logits in training: `real`, `fake` and, where the loss has it, `mismatch`."""
    told, asked = _told(gan, attributes), _told(gan, targets)
    if gan.gan_loss.joint_batch:
        both = tf.concat([told, asked], axis=0) if gan.discriminator.reads_attributes else None
        (logits,) = gan.discriminate(tf.concat([images, fakes], axis=0), [both], training=True)
        return {"real": logits[: tf.shape(images)[0]], "fake": logits[tf.shape(images)[0] :]}
    wrong = [gan.gan_loss.wrong_attributes(attributes)] if gan.gan_loss.mismatch else []
    real, *mismatch = gan.discriminate(images, [told, *wrong], training=True)
    (fake,) = gan.discriminate(fakes, [asked], training=True)
    return {"real": real, "fake": fake} | ({"mismatch": mismatch[0]} if mismatch else {})


def _told(gan, attributes):
    """What D is told of attributes (b, n) in this step: the same pictures' are left out in D's and in G's update."""
    return gan.gan_loss.told_attributes(attributes, gan.seed_of_step(3))


def replicas_of(gan):
    """How many replicas train a GAN together."""
    return gan.distribute_strategy.num_replicas_in_sync


def _share(correct):
    return tf.reduce_mean(tf.cast(correct, tf.float32))
