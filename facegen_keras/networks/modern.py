"""The generator and discriminator of `modern`: out of what the field has learnt, what wins per minute on few cores."""

import keras
from keras import layers

from facegen_keras.networks.builders import batch_norm, start_size

UPSAMPLINGS = 4


def modern_generator(image_size, n, width=32, residual=False, upsample_first=True):
    """From a sixteenth of the picture's size, by 3x3 convolutions and nearest-neighbour upsamplings: no checkerboard.

    Args:
        image_size: (height, width), multiples of 16.
        n: number of attributes; they are part of the vector it reads.
        width: channels at full size; eight times as many at the start. AMX processors want multiples of 32.
        residual: whether each stage is a residual block of two convolutions (He et al. 2016), or one convolution.
        upsample_first: whether a stage doubles its pictures before it convolves them: more work, finer detail.
    """
    height, wide = start_size(image_size, UPSAMPLINGS)
    channels = [width * factor for factor in (8, 6, 4, 2, 1)]
    body = [layers.Dense(height * wide * channels[0]), layers.Reshape((height, wide, channels[0]))]
    for before, after in zip(channels, channels[1:]):
        stage = [_residual_block(before, after)] if residual else _drawn(after)
        place = len(stage) - 1 if upsample_first else len(stage)  # straight before the last convolution, or after it
        body += [*stage[:place], layers.UpSampling2D(2), *stage[place:]]
    body += [batch_norm(), layers.ReLU(), orthogonal_conv(3, 3), layers.Activation("tanh", dtype="float32")]
    return keras.Sequential(body, name="body")


def modern_discriminator(n, widths=(32, 64, 128, 256)):
    """Strided convolutions without normalisation: batch norm would spoil the gradient penalties it is trained with.

    Args:
        n: number of attributes (they join by its `conditioning`).
        widths: channels after each convolution.
    """
    features = []
    for width in widths:
        features += [orthogonal_conv(width, 4, 2), layers.LeakyReLU(negative_slope=0.2)]
    features += [layers.Flatten(dtype="float32")]
    head = keras.Sequential([layers.Dense(1, dtype="float32")], name="head")
    return keras.Sequential(features, name="features"), head


def _drawn(channels):
    return [batch_norm(), layers.ReLU(), orthogonal_conv(channels, 3, use_bias=False)]


def _residual_block(before, after):
    pictures = keras.Input((None, None, before))
    drawn = keras.Sequential([*_drawn(after), *_drawn(after)])(pictures)
    shortcut = orthogonal_conv(after, 1, use_bias=False)(pictures)
    return keras.Model(pictures, layers.Add()([drawn, shortcut]))


def orthogonal_conv(filters, kernel, stride=1, **options):
    """A convolution of pictures whose kernel starts orthogonal; at stride 1 it keeps their size."""
    return layers.Conv2D(filters, kernel, stride, "same", kernel_initializer="orthogonal", **options)
