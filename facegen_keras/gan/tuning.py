"""A generator tuned to pictures, so that it draws what it could not draw before (pivotal tuning, Roich et al. 2021)."""

import keras
import numpy as np
import tensorflow as tf

from facegen_keras.gan.differences import feature_difference, pixel_difference
from facegen_keras.gan.optimizers import with_loss_scale
from facegen_keras.progress import tell_time_left

LEARNING_RATE = 3e-4  # of Adam: at 1e-3, other latents draw other faces, and changes of attributes are lost
FEATURES = 0.05  # weight of the features' difference, for images in [0, 1]
KEPT = 1.0  # weight of the difference from what other latents drew
OTHERS = 256  # other latents, which are to draw what they drew
OTHERS_A_STEP = 8


def tune_generator(gan, images, latents, attributes, steps, seed=0, verbose=0):
    """Tune a copy of a generator, so that latents draw pictures as they are, and other latents what they drew.

    Each step of Adam lowers the difference of the pictures, in pixels and features, and of eight faces out of 256 with
    other latents and attributes from what the untouched generator draws of them. Batch norm stays in inference mode.

    Args:
        gan: a `FaceGAN` whose latents are no pictures. It stays as it is.
        images: float32 (n, H, W, 3) in its `value_range`, which share the copy: the fewer, the nearer it comes to each.
        latents, attributes: float32 (n, *latent.shape) and (n, k), from which the pictures are to be drawn.
        steps: how many steps, at least 1.
        seed: of the other latents.
        verbose: 1 for a progress bar; 0 logs how long it still takes.

    Returns:
        A GAN of the same kind that samples with the tuned generator; it shares the discriminator, and is not compiled.
    """
    tuned, count, (low, high) = _copy(gan), len(images), gan.value_range
    others = gan.latent.sample(OTHERS, [seed, 0]), gan.sample_attributes(OTHERS, None, seed)
    others = tuple(map(tf.constant, (*others, gan.predict_images(*others))))
    targets, latents, attributes = map(tf.constant, (images, latents, attributes))
    weights = tuned.generator.trainable_variables
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    optimizer = with_loss_scale(keras.optimizers.Adam(rate), tuned.generator)
    optimizer.build(weights)

    @tf.function(reduce_retracing=True)
    def step(chosen):
        kept_latents, kept_attributes, kept = (tf.gather(of, chosen) for of in others)
        all_latents = tf.concat([latents, kept_latents], axis=0)
        all_attributes = tf.concat([attributes, kept_attributes], axis=0)
        with tf.GradientTape() as tape:
            drawn = tuned.generate(all_latents, all_attributes)
            loss = tf.reduce_mean(pixel_difference(drawn[:count], targets))
            features = feature_difference(drawn[:count], targets, gan.value_range)
            loss += FEATURES * (high - low) ** 2 * tf.reduce_mean(features)
            moved = tf.reduce_mean(pixel_difference(drawn[count:], kept))
            total = optimizer.scale_loss(loss + KEPT * moved)
        optimizer.apply(tape.gradient(total, weights), weights)
        return loss

    choices = np.random.default_rng(seed).integers(0, OTHERS, (steps, OTHERS_A_STEP))
    bar = keras.utils.Progbar(steps, verbose=verbose)
    for i, chosen in enumerate(choices if verbose else tell_time_left(choices, f"Tuning to {count} pictures")):
        bar.update(i + 1, [("difference", float(step(tf.constant(chosen)).numpy()))])
    return tuned


def _copy(gan):
    """A GAN that samples with a copy of the weights that `gan` samples with, and has no EMA of its own."""
    generator = keras.models.clone_model(gan.generator)
    for variable, original in zip(generator.variables, gan.sampling_generator.variables):
        variable.assign(original)
    parts = {"generator": generator, "discriminator": gan.discriminator, "augmentation": None}
    copy = type(gan)(**(gan.get_config() | parts | {"ema_decay": 0.0}))
    copy.attribute_network, copy.truncation = gan.attribute_network, gan.truncation
    copy.epochs_done.assign(gan.epochs_done)
    return copy
