"""Differentiable augmentation of what a discriminator sees: real and generated pictures are changed alike.

The discriminator cannot win by what the augmentation hides; the generator's gradient passes through it. Made of
Keras' own layers.
"""

import keras
from keras import layers


def instance_noise(image_shape, amount=0.1):
    """Gaussian noise, so that D does not win early by the finest detail (Sonderby et al. 2017).

    Args:
        image_shape: (height, width, 3).
        amount: standard deviation, for images in [-1, 1]; take half of it for images in [0, 1].
    """
    return _sequence(image_shape, layers.GaussianNoise(amount, dtype="float32"))


def shifts(image_shape, amount=0.1, share=0.125):
    """`instance_noise`, and each picture moved by up to a `share` of its size (DiffAugment, Zhao et al. 2020).

    For data sets so small that D would learn them by heart.
    """
    moved = layers.RandomTranslation(share, share, fill_mode="constant", interpolation="nearest", dtype="float32")
    return _sequence(image_shape, moved, layers.GaussianNoise(amount, dtype="float32"))


def _sequence(image_shape, *steps):
    return keras.Sequential([keras.Input(image_shape), *steps], name="augmentation")
