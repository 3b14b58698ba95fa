"""The memory that a training step takes, estimated from the networks' own layers before it is taken.

The estimate is of what must be there at once; TensorFlow may take more, above all while it tries out kernels on a GPU.
"""

import math

import keras
import tensorflow as tf

from facegen_keras.memory import check_memory, memory_limit
from facegen_keras.networks.layers import Residual

VIEWS = (keras.layers.InputLayer, keras.layers.Reshape, keras.layers.Flatten)  # their outputs take no memory
RUNTIME = 100e6  # bytes, about: TensorFlow's graph, kernels and threads, measured on two CPU cores
SECOND_ORDER = 3  # a penalty on D's gradient keeps the activations, their gradients, and the gradients of those
TEMPORARY = 3  # copies of a variable while Adam or RMSprop updates it
BATCHES = 4  # of images: one is trained on, and two are prefetched while a third is made


def check_training_memory(gan, pictures):
    """The bytes that training takes, as `training_memory` estimates them.

    Args:
        gan: a compiled `FaceGAN`.
        pictures: real images in a batch.

    Raises:
        ValueError: it is more than the GPU has or, where there is none, this machine; the message says what to change.
    """
    needed, (limit, where) = training_memory(gan, pictures), device_memory()
    height, width = gan.size
    mend = (
        "take a smaller batch_size or image_size, more gradient_accumulation_steps (parts of a batch, one after the "
        "other), or dtype_policy='mixed_bfloat16'"
    )
    check_memory(f"Training on {pictures} pictures of {height}x{width} at once", needed, mend, limit, where)
    return needed


def training_memory(gan, pictures):
    """Estimate the bytes that training takes at its peak: weights, moments, EMA, gradients, activations and images.

    Args:
        gan: a compiled `FaceGAN`.
        pictures: real images in a batch.
    """
    steps = gan.gradient_accumulation_steps
    networks = [network.trainable_variables for network in (gan.discriminator, gan.generator)]
    kept = {id(variable): variable for variable in (*gan.weights, *gan.optimizer.variables)}.values()
    gradients = max(map(_bytes_of, networks))
    updated = TEMPORARY * max(_bytes_of([variable]) for variable in kept)
    activations = math.ceil(pictures / steps) * _activations_of_a_picture(gan)
    images = BATCHES * pictures * 4 * math.prod((*gan.size, 3))
    sums = gradients if steps > 1 else 0
    return int(_bytes_of(kept) + sums + gradients + max(activations, updated) + images + RUNTIME)


def _activations_of_a_picture(gan):
    """Bytes for each real image that wait for the backward pass."""
    passes = getattr(gan, "passes", 1)  # each gives one more fake
    generator, discriminator = (passes * _outputs_of(gan.generator), _outputs_of(gan.discriminator))
    if gan.augmentation is not None:
        discriminator += _outputs_of(gan.augmentation)
    is_judged_anew = gan.gan_loss.mismatch and len(gan.discriminator.features.inputs) > 1
    judged = (2 if is_judged_anew else 1) + passes
    in_d = judged * discriminator * (SECOND_ORDER if gan.gan_loss.gamma else 1)
    in_g = (passes + gan.gan_loss.is_relativistic) * discriminator
    if gan.gradient_accumulation_steps > 1:  # the networks train one after the other
        return max(in_d, generator + in_g)
    return generator + max(in_d, in_g)


def _outputs_of(model):
    """Bytes of the outputs of all layers for one picture."""
    layers = [layer for layer in _layers_of(model) if not isinstance(layer, VIEWS)]
    return sum(math.prod(layer.output.shape[1:]) * tf.as_dtype(layer.compute_dtype).size for layer in layers)


def _layers_of(model):
    for layer in model.layers:
        if isinstance(layer, Residual):
            yield from _layers_of(layer.body)
        yield from _layers_of(layer) if isinstance(layer, keras.Model) else (layer,)


def _bytes_of(variables):
    return sum(math.prod(variable.shape) * tf.as_dtype(variable.dtype).size for variable in variables)


def device_memory():
    """Bytes of the memory that training takes place in (None or infinite: unknown), and whose it is."""
    if not tf.config.list_physical_devices("GPU"):
        return memory_limit(), "this machine"
    try:
        return min(_limits_of("GPU")), "the GPU"
    except (tf.errors.OpError, RuntimeError, ValueError):
        return math.inf, "the GPU"


def _limits_of(kind):
    """Bytes that TensorFlow may take on each device of a kind; its eager interface does not tell them."""
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        return [device.memory_limit_bytes for device in session.list_devices() if device.device_type == kind]
