"""How attributes enter a generator and a discriminator.

A generator reads the attributes beside its latent: as a vector, or each repeated so that a large noise cube does
not drown it. A discriminator reads them at its last layer, beside thousands of picture features; as a cube, one
constant channel per attribute beside the three of the picture; or by projection, as an inner product with the features.
"""

from dataclasses import dataclass

import keras
from keras import layers, ops


def connect_generator(body, latent_shape, n, repeat=1):
    """Feed latents and attributes to a generator's body.

    Args:
        body: Sequential, or a function of Keras tensors, from a vector to pictures; or a Model of pictures and
            attributes, which is whole already.
        latent_shape: shape of one latent; flattened before the body.
        n: number of attributes; 0 for none.
        repeat: how many times each attribute is repeated in the vector (dcgan3: 10).

    Returns:
        A Model of `[latents (b, *latent_shape), attributes (b, n)]`, or of latents alone when n is 0,
        to images (b, H, W, 3).
    """
    if isinstance(body, keras.Model) and body.built and len(body.inputs) > 1:
        return body
    latents = keras.Input(latent_shape, name="latents")
    vector = layers.Flatten()(latents) if len(latent_shape) > 1 else latents
    inputs = latents
    if n:
        attributes = keras.Input((n,), name="attributes")
        repeated = layers.Flatten()(layers.RepeatVector(repeat)(attributes)) if repeat > 1 else attributes
        vector, inputs = layers.Concatenate()([vector, repeated]), [latents, attributes]
    if not isinstance(body, keras.Model):
        whole = keras.Input(vector.shape[1:], name="vector")
        body = keras.Model(whole, body(whole), name="body")
    return keras.Model(inputs, body(vector), name="generator")


@keras.saving.register_keras_serializable("facegen_keras")
class Discriminator(keras.Model):
    """A discriminator in two parts: the features of a picture, and the verdict on them.

    Called with images (b, H, W, 3), or with `[images, attributes (b, n)]` where it reads attributes; returns logits
    (b, 1).

    Args:
        features: Model of images, or of `[images, attributes]`, to features (b, ...).
        verdict: Model of features, or of `[features, attributes]`, to logits (b, 1).
    """

    def __init__(self, features, verdict, name="discriminator"):
        super().__init__(name=name, dtype="float32")  # its parts have their own dtype policies
        self.features, self.verdict = features, verdict
        self.built = True

    @property
    def reads_attributes(self):
        """Whether it reads attributes beside the picture."""
        return len(self.features.inputs) + len(self.verdict.inputs) > 2

    def call(self, inputs, training=False):
        images, attributes = inputs if self.reads_attributes else (inputs, None)
        return self.logits(images, [attributes], training)[0]

    def logits(self, images, candidates, training=False):
        """Logits on the same images with each of several attributes.

        Where only the verdict reads attributes, the features of the images are computed once for all of them.

        Args:
            images: (b, H, W, 3).
            candidates: list of attributes (b, n); their values do not matter where it reads none.

        Returns:
            list of logits (b, 1).
        """
        if len(self.features.inputs) > 1:
            features = [self.features([images, attributes], training=training) for attributes in candidates]
        else:
            features = [self.features(images, training=training)] * len(candidates)
        if len(self.verdict.inputs) == 1:
            return [self.verdict(seen, training=training) for seen in features]
        return [self.verdict([seen, attributes], training=training) for seen, attributes in zip(features, candidates)]

    def get_config(self):
        parts = {"features": self.features, "verdict": self.verdict}
        return {"name": self.name} | {part: keras.saving.serialize_keras_object(model) for part, model in parts.items()}

    @classmethod
    def from_config(cls, config):
        parts = {part: keras.saving.deserialize_keras_object(config[part]) for part in ("features", "verdict")}
        return cls(**config | parts)


@dataclass(frozen=True)
class NoAttributes:
    """The discriminator sees the picture alone."""

    def __call__(self, features, head, image_shape, n):
        head(features(keras.Input(image_shape, name="images")))  # builds both
        return Discriminator(features, head)


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
        joined = keras.Model([images, attributes], features(layers.Concatenate()([images, cube])), name="features")
        head(keras.Input(joined.output_shape[1:], name="seen"))  # builds it
        return Discriminator(joined, head)


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
    """A `Discriminator` whose `verdict(seen, attributes)` alone reads attributes."""
    attributes = keras.Input((n,), name="attributes")
    seen = keras.Input(features(keras.Input(image_shape, name="images")).shape[1:], name="seen")
    return Discriminator(features, keras.Model([seen, attributes], verdict(seen, attributes), name="verdict"))
