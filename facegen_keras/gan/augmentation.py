"""Differentiable augmentation of what a discriminator sees: real and generated pictures are changed alike.

The discriminator cannot win by what the augmentation hides; the generator's gradient passes through it. Made of
Keras' own layers, and of some whose strength follows the training.
"""

import keras
import tensorflow as tf
from keras import layers

BETAS = (1e-4, 0.02)  # the first and the last variance that diffusion adds in a step
STEPS = (10, 1000)  # of diffusion, at strength 0 and 1


def instance_noise(image_shape, amount=0.1):
    """Gaussian noise, so that D does not win early by the finest detail (Sonderby et al. 2017).

    Args:
        image_shape: (height, width, 3).
        amount: standard deviation, for images in [-1, 1]; take half of it for images in [0, 1].

    Returns:
        A Keras model of images (n, *image_shape), which changes them where it is called with `training=True`.
    """
    return _sequence(image_shape, layers.GaussianNoise(amount, dtype="float32"))


def shifts(image_shape, amount=0.1, share=0.125, images=0):
    """`instance_noise`, and each picture moved by up to a `share` of its size (DiffAugment, Zhao et al. 2020).

    For data sets so small that D would learn them by heart.

    Args:
        image_shape, amount: as for `instance_noise`.
        share: of height and width.
        images: real images of training until all pictures are moved: it begins with none. 0 moves all from the start.

    Returns:
        A Keras model, as `instance_noise`.
    """
    moved = layers.RandomTranslation(share, share, fill_mode="constant", interpolation="nearest", dtype="float32")
    moved = Ramped(moved, images) if images else moved
    return _sequence(image_shape, moved, layers.GaussianNoise(amount, dtype="float32"))


def diffusion_noise(image_shape, amount=0.05, target=0.6, images=100_000):
    """Pictures somewhere on the way of a diffusion, which is the longer, the surer D is (Wang et al. 2022).

    Half of the pictures stay as they are; the others fade out, and noise fades in. Unlike that of Diffusion-GAN, D is
    not told how far a picture has gone: it sees how pale it is.

    Args:
        image_shape: (height, width, 3).
        amount: standard deviation of the noise at the end of the way, for images in [-1, 1].
        target: the mean sign of D's logits on real pictures, twice its accuracy minus 1, above which it grows.
        images: real images in which it grows from none to all, while D is above the target.

    Returns:
        A Keras model, as `instance_noise`.

    Raises:
        ValueError: `images` is not over 0.
    """
    return _sequence(image_shape, Diffusion(amount, target, images, dtype="float32"))


def grow(augmentation, step, batch, real_accuracy):
    """Set the strength of an augmentation for the next training step.

    Args:
        augmentation: a Keras model.
        step: int64 scalar tensor, steps done before this one.
        batch: scalar, real images in a step, of all replicas.
        real_accuracy: scalar, the running share of real pictures that D calls real.
    """
    for layer in augmentation.layers:
        if isinstance(layer, _Growing):
            layer.grow(tf.cast(step, tf.float32), tf.cast(batch, tf.float32), real_accuracy)


def follows_accuracy(augmentation):
    """Whether the strength of an augmentation follows D's accuracy."""
    return augmentation is not None and any(isinstance(layer, Diffusion) for layer in augmentation.layers)


class _Growing(layers.Layer):
    """Base of augmentations that have a strength, 0 to 1."""

    def __init__(self, images, **options):
        super().__init__(**options)
        if not images > 0:
            raise ValueError(f"images={images}: expected a number over 0.")
        self.images = images
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, shape):
        self.strength = self.add_weight(initializer="zeros", trainable=False, name="strength")

    def get_config(self):
        return super().get_config() | {"images": self.images}

    def draw(self, pictures):
        """Uniform numbers in [0, 1), one for each of the pictures: (b, 1, 1, 1)."""
        return keras.random.uniform((tf.shape(pictures)[0], 1, 1, 1), seed=self.seed_generator)


@keras.saving.register_keras_serializable("facegen_keras")
class Ramped(_Growing):
    """Another augmentation of a share of the pictures, which rises from none to all.

    Args:
        layer: a Keras layer of images to images.
        images: real images of training in which the share rises.
    """

    def __init__(self, layer, images, **options):
        super().__init__(images, **{"dtype": "float32"} | options)
        self.layer = layer

    def call(self, pictures, training=None):
        if not training:
            return pictures
        return tf.where(self.draw(pictures) < self.strength.value, self.layer(pictures, training=True), pictures)

    def grow(self, step, batch, real_accuracy):
        self.strength.assign(tf.minimum((step + 1) * batch / self.images, 1.0))

    def get_config(self):
        return super().get_config() | {"layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"layer": keras.saving.deserialize_keras_object(config["layer"])})


@keras.saving.register_keras_serializable("facegen_keras")
class Diffusion(_Growing):
    """The forward process of a diffusion, as `diffusion_noise` says; the strength is the length of its way."""

    def __init__(self, amount, target, images, **options):
        super().__init__(images, **options)
        self.amount, self.target = amount, target

    def call(self, pictures, training=None):
        if not training:
            return pictures
        (first, last), (fewest, most) = BETAS, STEPS
        steps = fewest + (most - fewest) * self.strength.value
        place = tf.sqrt(tf.maximum(2 * self.draw(pictures) - 1, 0.0))  # 0 of one half; the later, the likelier
        kept = tf.exp(-steps * (first * place + (last - first) * place**2 / 2))  # variance of the picture that is left
        noise = keras.random.normal(tf.shape(pictures), stddev=self.amount, seed=self.seed_generator)
        return tf.sqrt(kept) * pictures + tf.sqrt(1 - kept) * noise

    def grow(self, step, batch, real_accuracy):
        moved = self.strength.value + tf.sign(2 * real_accuracy - 1 - self.target) * batch / self.images
        self.strength.assign(tf.clip_by_value(moved, 0.0, 1.0))

    def get_config(self):
        return super().get_config() | {"amount": self.amount, "target": self.target}


def _sequence(image_shape, *steps):
    return keras.Sequential([keras.Input(image_shape), *steps], name="augmentation")
