"""The generator and discriminator of `modern`: out of what the field has learnt, what wins per minute on few cores."""

import keras
from keras import layers

from facegen_keras.builders import start

MOMENTUM = 0.9  # of batch norm: as in `builders`
DOUBLINGS = 4


def modern_generator(image_size, n, width=32, residual=True):
    """From a sixteenth of the picture's size, nearest-neighbour doublings before 3x3 convolutions, so no checkerboard.

    Args:
        image_size: (height, width), multiples of 16.
        n: number of attributes; they are part of the vector it reads.
        width: channels at full size; eight times as many at the start.
        residual: whether each doubling is a residual block of two convolutions (He et al. 2016), or one convolution.
    """
    height, wide = start(image_size, DOUBLINGS)
    channels = [width * factor for factor in (8, 6, 4, 2, 1)]
    body = [layers.Dense(height * wide * channels[0]), layers.Reshape((height, wide, channels[0]))]
    body += [_doubling(*pair, residual) for pair in zip(channels, channels[1:])]
    body += [_batch_norm(), layers.ReLU(), _conv(3, 3), layers.Activation("tanh", dtype="float32")]
    return keras.Sequential(body, name="body")


def modern_discriminator(n, width=64, noise=0.1):
    """Four strided convolutions with batch norm, behind Gaussian noise on real and generated pictures alike.

    Args:
        n: number of attributes (they join by its `conditioning`).
        width: channels after the first convolution.
        noise: standard deviation, for pictures in [-1, 1]: without it D wins early by the fakes' finest detail
            (instance noise, Sonderby et al. 2017).
    """
    features = [layers.GaussianNoise(noise, dtype="float32")]
    for i, factor in enumerate((1, 2, 4, 4)):
        features += [_conv(width * factor, 4, 2, use_bias=i == 0)]
        features += [_batch_norm()] if i else []
        features += [layers.LeakyReLU(negative_slope=0.2)]
    features += [layers.Flatten(dtype="float32")]
    head = keras.Sequential([layers.Dense(1, dtype="float32")], name="head")
    return keras.Sequential(features, name="features"), head


def _doubling(before, after, residual):
    pictures = keras.Input((None, None, before))
    doubled = layers.UpSampling2D(2)(layers.ReLU()(_batch_norm()(pictures)))
    drawn = _conv(after, 3, use_bias=False)(doubled)
    if residual:
        drawn = _conv(after, 3, use_bias=False)(layers.ReLU()(_batch_norm()(drawn)))
        shortcut = layers.UpSampling2D(2)(_conv(after, 1, use_bias=False)(pictures))
        drawn = layers.Add()([drawn, shortcut])
    return keras.Model(pictures, drawn)


def _batch_norm():
    return layers.BatchNormalization(momentum=MOMENTUM)


def _conv(filters, kernel, stride=1, **options):
    return layers.Conv2D(filters, kernel, stride, "same", kernel_initializer="orthogonal", **options)
