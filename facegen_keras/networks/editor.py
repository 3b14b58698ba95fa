"""The generator of `editor`: a picture and a change of attributes in, the picture changed out."""

import keras
from keras import layers

from facegen_keras.networks.builders import batch_norm, start_size
from facegen_keras.networks.modern import modulate, orthogonal_conv

SMALLEST = 4  # side in pixels that the encoder comes down to
SKIP = 16  # side of the stage that the decoder sees as the encoder left it
WIDTHS = (32, 64, 128, 256)  # channels of the encoder's stages
CODE = 64  # length of the vector that a change becomes


def editor_generator(image_size, n, widths=WIDTHS, skip=SKIP):
    """An encoder and a decoder, whose stages the change of attributes modulates, and a mask of what changes.

    Strided convolutions bring the picture down to 4x4. From there each stage of the decoder normalises, modulates
    (FiLM, Perez et al. 2018), doubles and convolves; at 16x16 it sees the encoder's stage too, and at full size the
    picture. It draws another picture g and a mask m, and returns x (1 - m) + m g (Pumarola et al. 2018). That it reads
    the change, target minus source, and not the target, is STGAN's (Liu et al. 2019): where nothing is to change,
    nothing modulates.

    Args:
        image_size: (height, width), a square of 16 pixels times a power of two; images are in [-1, 1].
        n: number of attributes.
        widths: channels of the encoder's stages; the last is repeated where there are more stages.
        skip: side in pixels of the stage that is handed over; 0 for none.

    Returns:
        A Model of `[pictures (b, H, W, 3), change (b, n)]`, the change from -1 to 1, to pictures (b, H, W, 3).

    Raises:
        ValueError: an image size that is none of these.
    """
    height, width = image_size
    stages = (height // SMALLEST).bit_length() - 1
    if height != width or stages < 2 or start_size(image_size, stages) != (SMALLEST, SMALLEST):
        raise ValueError(f"image_size={height}x{width}: editor changes squares of 16, 32, 64, ... pixels.")
    channels = [*widths, *[widths[-1]] * stages][:stages]
    pictures, change = keras.Input((*image_size, 3), name="pictures"), keras.Input((n,), name="change")
    code = layers.Dense(CODE, "relu", use_bias=False, name="code")(layers.Concatenate()([change, -change]))

    encoded, seen = pictures, {}
    for place, filters in enumerate(channels):
        encoded = orthogonal_conv(filters, 4, 2, use_bias=False)(encoded)
        encoded = layers.LeakyReLU(negative_slope=0.2)(batch_norm()(encoded))
        seen[height >> place + 1] = encoded
    drawn = encoded
    for side, filters in zip((SMALLEST << place for place in range(stages)), (*channels[-2::-1], channels[0])):
        if side == skip:
            drawn = layers.Concatenate()([drawn, seen[side]])
        drawn = layers.UpSampling2D(2)(layers.ReLU()(modulate(batch_norm()(drawn), code)))
        drawn = orthogonal_conv(filters, 3, use_bias=False)(drawn)
    drawn = layers.Concatenate()([layers.ReLU()(modulate(batch_norm()(drawn), code)), pictures])
    drawn = layers.ReLU()(orthogonal_conv(channels[0], 3)(drawn))
    other = layers.Activation("tanh", dtype="float32")(orthogonal_conv(3, 3)(drawn))
    mask = layers.Activation("sigmoid", dtype="float32", name="mask")(orthogonal_conv(1, 3)(drawn))
    moved = layers.Multiply(dtype="float32")([mask, layers.Subtract(dtype="float32")([other, pictures])])
    changed = layers.Add(dtype="float32")([pictures, moved])
    return keras.Model([pictures, change], changed, name="generator")
