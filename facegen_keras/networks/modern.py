"""The generator and discriminator of `modern`: out of what the field has learnt, what wins per minute on few cores."""

import keras
from keras import layers

from facegen_keras.networks.builders import batch_norm, start_size
from facegen_keras.networks.layers import GroupedConv2D, MinibatchDeviation, Residual

UPSAMPLINGS = 4
HIDDEN = 32  # units between the vector and what modulates a stage, as in Chen et al. 2019
GROUP = 32  # channels of a group; R3GAN has 16, which are twice as many convolutions


def modern_generator(
    image_size, n, width=32, residual=False, upsample_first=True, modulated=False, blocks=0, latent_size=128
):
    """From a sixteenth of the picture's size, by 3x3 convolutions and nearest-neighbour upsamplings: no checkerboard.

    Args:
        image_size: (height, width), multiples of 16.
        n: number of attributes; they are part of the vector it reads.
        width: channels at full size; eight times as many at the start. AMX processors want multiples of 32.
        residual: whether each stage is a residual block of two convolutions (He et al. 2016), or one convolution.
        upsample_first: whether a stage doubles its pictures before it convolves them: more work, finer detail.
        modulated: whether the vector of latent and attributes scales and shifts the channels after each batch norm
            (self-modulation, Chen et al. 2019), as well as being what all begins with.
        blocks: if not 0, so many of R3GAN's residual blocks at each size, without batch norm (Huang et al. 2024).
        latent_size: numbers of a latent, which only a modulated generator has to know beforehand.

    Raises:
        ValueError: the size is no multiple of 16, or two of the switches exclude each other.
    """
    if blocks and (residual or modulated) or residual and modulated:
        raise ValueError("modern_generator: choose one of residual, modulated and blocks.")
    height, wide = start_size(image_size, UPSAMPLINGS)
    channels = [width * factor for factor in (8, 6, 4, 2, 1)]
    body = [layers.Dense(height * wide * channels[0]), layers.Reshape((height, wide, channels[0]))]
    body += _blocks(channels[0], blocks)
    for doubled, (before, after) in enumerate(zip(channels, channels[1:])):
        if blocks:
            upsampling = layers.UpSampling2D(2, interpolation="bilinear")
            body += [orthogonal_conv(after, 1, use_bias=False), upsampling, *_blocks(after, blocks)]
            continue
        size = (height << doubled + upsample_first, wide << doubled + upsample_first)
        stage = [_residual_block((*size, before), after)] if residual else _drawn(after)
        place = len(stage) - 1 if upsample_first else len(stage)  # straight before the last convolution, or after it
        body += [*stage[:place], layers.UpSampling2D(2), *stage[place:]]
    body += [orthogonal_conv(3, 1)] if blocks else [batch_norm(), layers.ReLU(), orthogonal_conv(3, 3)]
    body += [layers.Activation("tanh", dtype="float32")]
    return _modulated_body(body, latent_size + n) if modulated else keras.Sequential(body, name="body")


def modern_discriminator(n, widths=(32, 64, 128, 256), blocks=0, deviation=0):
    """Strided convolutions without normalisation: batch norm would spoil the gradient penalties it is trained with.

    Args:
        n: number of attributes (they join by its `conditioning`).
        widths: channels after each convolution.
        blocks: if not 0, so many of R3GAN's residual blocks at each size, and means of 2x2 pixels between the sizes,
            instead of the convolutions (Huang et al. 2024).
        deviation: if not 0, how many pictures `MinibatchDeviation` compares, on the last features.
    """
    features = [orthogonal_conv(widths[0], 1)] if blocks else []
    for width, after in zip(widths, (*widths[1:], widths[-1])):
        if blocks:
            features += [*_blocks(width, blocks), layers.AveragePooling2D(2), orthogonal_conv(after, 1, use_bias=False)]
        else:
            features += [orthogonal_conv(width, 4, 2), layers.LeakyReLU(negative_slope=0.2)]
    features += _blocks(widths[-1], blocks)
    features += [MinibatchDeviation(deviation)] if deviation else []
    features += [layers.Flatten(dtype="float32")]
    head = keras.Sequential([layers.Dense(1, dtype="float32")], name="head")
    return keras.Sequential(features, name="features"), head


def _drawn(channels):
    return [batch_norm(), layers.ReLU(), orthogonal_conv(channels, 3, use_bias=False)]


def _residual_block(shape, after):
    pictures = keras.Input(shape)
    drawn = keras.Sequential([*_drawn(after), *_drawn(after)])(pictures)
    shortcut = orthogonal_conv(after, 1, use_bias=False)(pictures)
    return keras.Model(pictures, layers.Add()([drawn, shortcut]))


def _blocks(channels, count):
    """R3GAN's residual blocks: 1x1, 3x3 in groups, 1x1; the last starts at zero, so that each block changes nothing."""
    groups = max(2 * channels // GROUP, 1)
    return [
        Residual(
            keras.Sequential(
                [
                    *[orthogonal_conv(2 * channels, 1), layers.LeakyReLU(negative_slope=0.2)],
                    GroupedConv2D(2 * channels, 3, 1, "same", groups=groups, kernel_initializer="orthogonal"),
                    layers.LeakyReLU(negative_slope=0.2),
                    layers.Conv2D(channels, 1, use_bias=False, kernel_initializer="zeros"),
                ]
            )
        )
        for _ in range(count)
    ]


def _modulated_body(body, size):
    """A Model of a generator's layers, where a vector of such a size also modulates what batch norm gives."""
    vector = drawn = keras.Input((size,), name="vector")
    for layer in body:
        drawn = layer(drawn)
        if isinstance(layer, layers.BatchNormalization):
            drawn = modulate(drawn, layers.Dense(HIDDEN, "relu")(vector))
    return keras.Model(vector, drawn, name="body")


def modulate(drawn, code):
    """Scale and shift the channels of normalised pictures (b, H, W, c) as a code (b, k) says."""
    scale, shift = (
        layers.Reshape((1, 1, drawn.shape[-1]))(layers.Dense(drawn.shape[-1], use_bias=False)(code)) for _ in range(2)
    )
    return layers.Add()([drawn, layers.Multiply()([drawn, scale]), shift])


def orthogonal_conv(filters, kernel, stride=1, **options):
    """A convolution of pictures whose kernel starts orthogonal; at stride 1 it keeps their size."""
    return layers.Conv2D(filters, kernel, stride, "same", kernel_initializer="orthogonal", **options)
