"""Gradient accumulation: a training step takes its batch in parts, and so the memory of one part.

Both networks learn what they would learn of the whole batch: D's update comes before G's, as ever, and therefore the
fakes are generated twice, first for D, then for G. Batch norm alone sees parts, and not the whole batch.
"""

import tensorflow as tf


def train_in_parts(gan, batch, d_trained):
    """Train D of a GAN, if it is its turn, and return what `generator_gradients` would return of the whole batch.

    Args:
        gan: a `FaceGAN`.
        batch: images (b, H, W, 3), their attributes (b, n), latents (b, ...) and the attributes to draw (b, n).
        d_trained: scalar boolean tensor, whether D trains in this step.

    Returns:
        Gradients of all of G's trainable variables, and the share of fakes that D takes for fakes.

    Raises:
        ValueError: the batch cannot be divided.
    """
    parts = _divide(batch, gan.gradient_accumulation_steps)

    def discriminator_gradients(images, attributes, latents, targets):
        fakes, targets, _ = gan.generate_fakes(latents, targets)
        return gan.discriminator_gradients(images, attributes, fakes, targets)

    def train_discriminator():
        found = _mean_over(parts, discriminator_gradients, gan.discriminator.trainable_variables)
        return gan.update_discriminator(*found)

    tf.cond(d_trained, train_discriminator, tf.no_op)
    return _mean_over(parts, gan.generator_gradients, gan.generator.trainable_variables)


def check_parts(pictures, steps):
    """ValueError unless a batch of so many pictures can be divided into parts of one size, of two or more."""
    if pictures % steps or pictures < 2 * steps:
        raise ValueError(
            f"gradient_accumulation_steps={steps}: a batch of {pictures} pictures cannot be divided into {steps} equal "
            f"parts of two or more; take a batch of {2 * steps} or another multiple of {steps}."
        )


def _divide(batch, steps):
    """Tensors (b, ...) as (steps, b / steps, ...)."""
    if batch[0].shape[0] is not None:
        check_parts(batch[0].shape[0], steps)
    return [tf.reshape(tensor, (steps, tf.shape(tensor)[0] // steps, *tensor.shape[1:])) for tensor in batch]


def _mean_over(parts, gradients_of, variables):
    """The mean, over all parts, of gradients and of the share that comes with them; one part after the other."""
    steps = parts[0].shape[0]

    def add_part(i, *sums):
        gradients, share = gradients_of(*(part[i] for part in parts))
        return i + 1, *(total + value for total, value in zip(sums, [*gradients, share]))

    start = [tf.zeros(variable.shape, variable.dtype) for variable in variables]
    _, *sums = tf.while_loop(lambda i, *_: i < steps, add_part, (0, *start, 0.0), parallel_iterations=1)
    *gradients, share = [total / steps for total in sums]
    return gradients, share
