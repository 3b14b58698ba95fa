"""How attributes enter a generator and a discriminator.

A generator reads the attributes beside its latent: as a vector, or each repeated so that a large noise cube does
not drown it. A discriminator reads them at its last layer, beside thousands of picture features, or as a cube,
one constant channel per attribute beside the three of the picture.
"""

from dataclasses import dataclass

import keras
from keras import layers, ops


def connect_generator(body, latent_shape, n, repeat=1):
    """Feed latents and attributes to a generator's body.

    Args:
        body: Sequential from a vector to pictures.
        latent_shape: shape of one latent; flattened before the body.
        n: number of attributes; 0 for none.
        repeat: how often each attribute stands in the vector (1: as a vector; dcgan3: 10).

    Returns:
        A Model of `[latents (b, *latent_shape), attributes (b, n)]`, or of latents alone when n is 0,
        to pictures (b, H, W, 3).
    """
    latents = keras.Input(latent_shape, name="latents")
    vector = layers.Flatten()(latents) if len(latent_shape) > 1 else latents
    if n == 0:
        return keras.Model(latents, body(vector), name="generator")
    attributes = keras.Input((n,), name="attributes")
    repeated = layers.Flatten()(layers.RepeatVector(repeat)(attributes)) if repeat > 1 else attributes
    pictures = body(layers.Concatenate()([vector, repeated]))
    return keras.Model([latents, attributes], pictures, name="generator")


@dataclass(frozen=True)
class NoAttributes:
    """The discriminator sees the picture alone."""

    def __call__(self, features, head, image_shape, n):
        images = keras.Input(image_shape, name="images")
        return keras.Model(images, head(features(images)), name="discriminator")


@dataclass(frozen=True)
class LastLayer:
    """Attributes join the flattened picture features just before the head."""

    def __call__(self, features, head, image_shape, n):
        def verdict(seen, attributes):
            return head(layers.Concatenate()([seen, attributes]))

        return _read_last(features, verdict, image_shape, n)


@dataclass(frozen=True)
class Cube:
    """Attributes become n constant channels beside the picture's three."""

    def __call__(self, features, head, image_shape, n):
        images, attributes = keras.Input(image_shape, name="images"), keras.Input((n,), name="attributes")
        cube = layers.UpSampling2D(image_shape[:2])(layers.Reshape((1, 1, n))(attributes))
        joined = layers.Concatenate()([images, cube])
        return keras.Model([images, attributes], head(features(joined)), name="discriminator")


@dataclass(frozen=True)
class Projection:
    """D's logit gets the inner product of the picture's features and an embedding of the attributes (Miyato 2018)."""

    def __call__(self, features, head, image_shape, n):
        def verdict(seen, attributes):
            signs = layers.Rescaling(2.0, -1.0, dtype="float32")(attributes)
            embedding = layers.Dense(seen.shape[-1], use_bias=False, dtype="float32", name="embedding")(signs)
            match = ops.sum(seen * embedding, axis=1, keepdims=True)  # layers.Dot is slower
            return layers.Add(dtype="float32")([head(seen), match])

        return _read_last(features, verdict, image_shape, n)


def _read_last(features, verdict, image_shape, n):
    """A discriminator of two models, `features` of the picture and `verdict` on them and attributes.

    So the features of a picture can be computed once for several attributes.
    """
    images, attributes = keras.Input(image_shape, name="images"), keras.Input((n,), name="attributes")
    pictured = features(images)
    seen = keras.Input(pictured.shape[1:], name="seen")
    verdict = keras.Model([seen, attributes], verdict(seen, attributes), name="verdict")
    return keras.Model([images, attributes], verdict([pictured, attributes]), name="discriminator")
