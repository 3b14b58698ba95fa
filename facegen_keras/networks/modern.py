"""The generator and discriminator of `modern`: out of what the field has learnt, what wins per minute on few cores."""

import keras
from keras import layers

from facegen_keras.networks.builders import batch_norm, start_size
from facegen_keras.networks.layers import GroupedConv2D, MinibatchDeviation, Residual

UPSAMPLINGS = 4
HIDDEN = 32  # units between the vector and what modulates a stage, as in Chen et al. 2019
GROUP = 32  # channels of a group; R3GAN has 16, which are twice as many convolutions


def modern_generator(image_size, n, width=32, residual=False, upsample_first=True, modulated=True, blocks=0):
    """From a sixteenth of the picture's size, by 3x3 convolutions and nearest-neighbour upsamplings: no checkerboard.

    Args:
        image_size: (height, width), multiples of 16.
        n: number of attributes; they are part of the vector it reads.
        width: channels at full size; eight times as many at the start. AMX processors want multiples of 32.
        residual: whether each stage is a residual block of two convolutions (He et al. 2016), or one convolution.
        upsample_first: whether a stage doubles its pictures before it convolves them: more work, finer detail.
        modulated: whether the vector of latent and attributes scales and shifts the channels after each batch norm
            (self-modulation, Chen et al. 2019), as well as being what all begins with.
        blocks: if not 0, so many of R3GAN's residual blocks at each size, without batch norm (Huang et al. 2024), so
            that nothing is modulated.

    Returns:
        A function of the vector (b, k), a Keras tensor, to images (b, H, W, 3) in [-1, 1].

    Raises:
        ValueError: the size is no multiple of 16, or `residual` and `blocks` are both asked for.
    """
    if blocks and residual:
        raise ValueError(f"residual={residual}, blocks={blocks}: choose one of these two kinds of blocks.")
    height, wide = start_size(image_size, UPSAMPLINGS)
    channels = [width * factor for factor in (8, 6, 4, 2, 1)]

    def body(vector):
        drawn = layers.Dense(height * wide * channels[0])(vector)
        drawn = layers.Reshape((height, wide, channels[0]))(drawn)
        drawn = _in_turn(_blocks(channels[0], blocks), drawn)
        for after in channels[1:]:
            if blocks:
                resized = [orthogonal_conv(after, 1, use_bias=False), layers.UpSampling2D(2, interpolation="bilinear")]
                drawn = _in_turn([*resized, *_blocks(after, blocks)], drawn)
            else:
                drawn = stage(drawn, after, vector)
        if blocks:
            drawn = orthogonal_conv(3, 1)(drawn)
        else:
            drawn = orthogonal_conv(3, 3)(normalised(drawn, vector))
        return layers.Activation("tanh", dtype="float32")(drawn)

    def normalised(drawn, vector):
        drawn = batch_norm()(drawn)
        if modulated:
            drawn = modulate(drawn, layers.Dense(HIDDEN, "relu")(vector))
        return layers.ReLU()(drawn)

    def stage(drawn, after, vector):
        if residual:
            pictures = layers.UpSampling2D(2)(drawn) if upsample_first else drawn
            drawn = orthogonal_conv(after, 3, use_bias=False)(normalised(pictures, vector))
            drawn = orthogonal_conv(after, 3, use_bias=False)(normalised(drawn, vector))
            drawn = layers.Add()([drawn, orthogonal_conv(after, 1, use_bias=False)(pictures)])
        else:
            drawn = normalised(drawn, vector)
            drawn = layers.UpSampling2D(2)(drawn) if upsample_first else drawn
            drawn = orthogonal_conv(after, 3, use_bias=False)(drawn)
        return drawn if upsample_first else layers.UpSampling2D(2)(drawn)

    return body


def modern_discriminator(n, widths=(32, 64, 128, 256), blocks=0, deviation=0):
    """Strided convolutions without normalisation: batch norm would spoil the gradient penalties it is trained with.

    Args:
        n: number of attributes (they join by its `conditioning`).
        widths: channels after each convolution.
        blocks: if not 0, so many of R3GAN's residual blocks at each size, and means of 2x2 pixels between the sizes,
            instead of the convolutions (Huang et al. 2024).
        deviation: if not 0, how many pictures `MinibatchDeviation` compares, on the last features.

    Returns:
        Two Keras models: the features of a picture, float32 (batch, d), and the head, from them to a logit.
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


def _in_turn(body, drawn):
    for layer in body:
        drawn = layer(drawn)
    return drawn


def modulate(drawn, code):
    """Scale and shift the channels of normalised pictures (b, H, W, c) as a code (b, k) says."""
    scale, shift = (
        layers.Reshape((1, 1, drawn.shape[-1]))(layers.Dense(drawn.shape[-1], use_bias=False)(code)) for _ in range(2)
    )
    return layers.Add()([drawn, layers.Multiply()([drawn, scale]), shift])


def orthogonal_conv(filters, kernel, stride=1, **options):
    """A convolution of pictures whose kernel starts orthogonal; at stride 1 it keeps their size."""
    return layers.Conv2D(filters, kernel, stride, "same", kernel_initializer="orthogonal", **options)
