"""Sequential generators and discriminators, layer by layer.

A generator's body maps a vector to a picture. A discriminator is two Sequential models, the features of a picture
and the head that judges them, so that `conditioning` can join attributes before either. All of them end in float32,
so that the layers between may compute in bfloat16.
"""

import keras
from keras import layers
from keras.initializers import RandomNormal

from facegen_keras.networks.layers import FusedBatchNormalization

# Keras' default 0.99 averages over hundreds of steps: samples would lag behind in a short training.
MOMENTUM = 0.9


def _normal():
    return RandomNormal(stddev=0.02)  # a new one for each layer: an initialiser that is reused repeats its values


def _fully_connected(units, initializer=_normal, **options):
    return layers.Dense(units, kernel_initializer=initializer(), **options)


def _conv(filters, kernel, stride, initializer=_normal, **options):
    return layers.Conv2D(filters, kernel, stride, "same", kernel_initializer=initializer(), **options)


def _deconv(filters, kernel, stride, initializer=_normal, **options):
    return layers.Conv2DTranspose(filters, kernel, stride, "same", kernel_initializer=initializer(), **options)


def batch_norm(momentum=MOMENTUM):
    return FusedBatchNormalization(momentum=momentum)


def _leaky_relu(slope=0.2):
    return layers.LeakyReLU(negative_slope=slope)


def _output(activation):
    return layers.Activation(activation, dtype="float32")


def _verdict(initializer=_normal):
    return keras.Sequential([_fully_connected(1, initializer, dtype="float32")], name="head")


def start_size(image_size, upsamplings):
    """The (height, width) that so many doublings bring to `image_size`; ValueError if none does."""
    height, width = image_size
    if height % 2**upsamplings or width % 2**upsamplings or not height or not width:
        raise ValueError(
            f"image_size={height}x{width}: this generator doubles the size {upsamplings} times, "
            f"so height and width must be multiples of {2**upsamplings}."
        )
    return height // 2**upsamplings, width // 2**upsamplings


def fc_generator(image_size, n):
    """FaceGen's fully connected generator: one hidden layer of 128. Any image size."""
    height, width = image_size
    return keras.Sequential(
        [
            _fully_connected(128, activation="relu"),
            _fully_connected(height * width * 3),
            layers.Reshape((height, width, 3)),
            _output("sigmoid"),
        ],
        name="body",
    )


def fc_discriminator(n):
    """FaceGen's fully connected discriminator; attributes join the flattened picture (use `LastLayer`)."""
    features = keras.Sequential([layers.Flatten()], name="features")
    head = keras.Sequential([_fully_connected(128, activation="relu"), *_verdict().layers], name="head")
    return features, head


def dcgan_generator(image_size, n):
    """FaceGen's DCGAN 1-5: three upsamplings from an eighth of the picture's size."""
    height, width = start_size(image_size, 3)
    return keras.Sequential(
        [
            _fully_connected(height * width * 128),
            *[layers.Reshape((height, width, 128)), batch_norm(), _leaky_relu()],
            *[_deconv(64, 4, 2), batch_norm(), _leaky_relu()],
            *[_deconv(32, 4, 2), batch_norm(), _leaky_relu()],
            *[_deconv(3, 4, 2), _output("sigmoid")],
        ],
        name="body",
    )


def dcgan_discriminator(n):
    """FaceGen's DCGAN 1-5: three convolutions, and a fourth for more than 8 attributes (the source: for 23)."""
    blocks = [
        *[_conv(32, 4, 2), _leaky_relu()],
        *[_conv(64, 4, 2), batch_norm(), _leaky_relu()],
        *[_conv(128, 4, 2), batch_norm(), _leaky_relu()],
    ]
    if n > 8:
        blocks += [_conv(256, 4, 2), batch_norm(), _leaky_relu()]
    return keras.Sequential([*blocks, layers.Flatten()], name="features"), _verdict()


def human_face_generator(image_size, n):
    """Human Face Generator: two upsamplings, 5x5 deconvolutions without bias, Keras' own slope and initialisers."""
    height, width = start_size(image_size, 2)
    options = {"initializer": keras.initializers.GlorotUniform, "use_bias": False}
    return keras.Sequential(
        [
            *[_fully_connected(height * width * 512, **options), batch_norm(), _leaky_relu(0.3)],
            layers.Reshape((height, width, 512)),
            *[_deconv(256, 5, 1, **options), batch_norm(), _leaky_relu(0.3)],
            *[_deconv(128, 5, 2, **options), batch_norm(), _leaky_relu(0.3)],
            *[_deconv(64, 5, 2, **options), batch_norm(), _leaky_relu(0.3)],
            *[_deconv(3, 5, 1, **options), _output("tanh")],
        ],
        name="body",
    )


def human_face_discriminator(n):
    """Human Face Generator: two convolutions with dropout (0.3, as in TensorFlow's DCGAN tutorial)."""
    glorot = keras.initializers.GlorotUniform
    features = keras.Sequential(
        [
            *[_conv(64, 5, 2, glorot), _leaky_relu(0.3), layers.Dropout(0.3)],
            *[_conv(128, 5, 2, glorot), _leaky_relu(0.3), layers.Dropout(0.3)],
            layers.Flatten(),
        ],
        name="features",
    )
    return features, _verdict(glorot)


def attribute_noise_generator(image_size, n):
    """2020 Face Generation: three nearest-neighbour upsamplings, each before a 5x5 convolution."""
    height, width = start_size(image_size, 3)
    glorot = keras.initializers.GlorotUniform

    def double(filters):
        return [layers.UpSampling2D(2), _conv(filters, 5, 1, glorot), batch_norm(0.8), layers.ReLU()]

    return keras.Sequential(
        [
            _fully_connected(height * width * 512, glorot, activation="relu"),
            layers.Reshape((height, width, 512)),
            *double(512),
            *double(256),
            *double(128),
            *[_conv(3, 5, 1, glorot), _output("tanh")],
        ],
        name="body",
    )


def attribute_noise_discriminator(n):
    """2020 Face Generation: four convolutions with dropout, no batch normalisation."""
    glorot = keras.initializers.GlorotUniform

    def conv(filters, stride):
        return [_conv(filters, 4, stride, glorot), _leaky_relu(), layers.Dropout(0.25)]

    blocks = [*conv(64, 2), *conv(128, 2), *conv(256, 2), *conv(512, 1)]
    return keras.Sequential([*blocks, layers.Flatten()], name="features"), _verdict(glorot)


def udacity_generator(image_size, n):
    """Udacity's face generation: four upsamplings from a sixteenth of the picture's size, no biases in them."""
    height, width = start_size(image_size, 4)
    return keras.Sequential(
        [
            _fully_connected(height * width * 512),
            layers.Reshape((height, width, 512)),
            *[_deconv(256, 4, 2, use_bias=False), batch_norm(), layers.ReLU()],
            *[_deconv(128, 4, 2, use_bias=False), batch_norm(), layers.ReLU()],
            *[_deconv(64, 4, 2, use_bias=False), batch_norm(), layers.ReLU()],
            *[_deconv(3, 4, 2, use_bias=False), _output("tanh")],
        ],
        name="body",
    )


def udacity_discriminator(n):
    """Udacity's face generation: four convolutions without bias."""
    features = keras.Sequential(
        [
            *[_conv(64, 4, 2, use_bias=False), _leaky_relu()],
            *[_conv(128, 4, 2, use_bias=False), batch_norm(), _leaky_relu()],
            *[_conv(256, 4, 2, use_bias=False), batch_norm(), _leaky_relu()],
            *[_conv(512, 4, 2, use_bias=False), batch_norm(), _leaky_relu()],
            layers.Flatten(),
        ],
        name="features",
    )
    return features, _verdict()
