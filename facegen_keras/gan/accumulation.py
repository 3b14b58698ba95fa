"""Gradient accumulation: a training step takes its batch in parts, and so the memory of one part.

Both networks learn what they would learn of the whole batch: D's update comes before G's, as ever, and therefore the
fakes are generated twice, first for D, then for G. What looks at a whole batch sees parts instead: batch norm, wrong
attributes that are shuffled, the cubic mean of `EditorGAN`. Which attributes are dropped, and how `EditorGAN` moves
pictures, is the same in each part.
"""

import tensorflow as tf

from facegen_keras.gan.gradients import discriminator_gradients, generator_gradients


def discriminator_gradients_in_parts(gan, images, attributes, latents, targets):
    """D's gradients, and what was measured, as `discriminator_gradients` would return them of the whole batch.

    Args:
        gan, images, attributes, latents, targets: as for `generator_gradients`.

    Raises:
        ValueError: the batch cannot be divided.
    """

    def of_part(images, attributes, latents, targets):
        fakes, targets, *_ = gan.generate_fakes(latents, targets)
        return discriminator_gradients(gan, images, attributes, fakes, targets)

    return _mean_over_parts(gan, of_part, images, attributes, latents, targets)


def generator_gradients_in_parts(gan, *batch):
    """G's gradients, and what was measured, as `generator_gradients` would return them of the whole batch."""
    return _mean_over_parts(gan, lambda *part: generator_gradients(gan, *part), *batch)


def check_parts(pictures, steps):
    """ValueError unless a batch of so many pictures can be divided into parts of one size, of two or more."""
    if pictures % steps or pictures < 2 * steps:
        raise ValueError(
            f"gradient_accumulation_steps={steps}: a batch of {pictures} pictures cannot be divided into {steps} equal "
            f"parts of two or more; take a batch of {2 * steps} or another multiple of {steps}."
        )


def _mean_over_parts(gan, gradients_of, *batch):
    """The mean, over the parts of a batch, of gradients and of what was measured; one part after the other."""
    steps = gan.gradient_accumulation_steps
    if batch[0].shape[0] is not None:
        check_parts(batch[0].shape[0], steps)
    parts = [tf.reshape(tensor, (steps, tf.shape(tensor)[0] // steps, *tensor.shape[1:])) for tensor in batch]

    def add_part(i, sums):
        found = gradients_of(*(part[i] for part in parts))
        return i + 1, tf.nest.map_structure(tf.add, sums, found)

    traced = tf.function(gradients_of, autograph=False).get_concrete_function(*(part[0] for part in parts))
    start = tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), traced.structured_outputs)
    _, sums = tf.while_loop(lambda i, _: i < steps, add_part, (0, start), parallel_iterations=1)
    return tf.nest.map_structure(lambda total: total / steps, sums)
