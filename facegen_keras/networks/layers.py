"""Layers that Keras has not, or computes slowly: batch normalisation in one operation is five times as fast on CPUs."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("facegen_keras")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' BatchNormalization over the last axis; in training, TensorFlow's fused kernel computes it.

    Its weights, arguments and results are those of Keras: inputs may be bfloat16, statistics are float32. Keras' own
    layer runs a dozen operations over all pixels; in a generator at 64x64 these took more time than the convolutions.
    It reads inputs (b, c) or (b, H, W, c), and supports no masks and no other axes. Replicas of a `tf.distribute`
    strategy always share their statistics, as if one device had the whole batch; there is no kernel for that.
    """

    def call(self, inputs, training=None):
        if not (training and self.trainable):
            return super().call(inputs, training=training)
        flat, channels = len(inputs.shape) == 2, inputs.shape[-1:]
        pictures = inputs[:, None, None, :] if flat else inputs  # the kernel expects four dimensions
        scale = tf.cast(self.gamma.value, tf.float32) if self.scale else tf.ones(channels)
        offset = tf.cast(self.beta.value, tf.float32) if self.center else tf.zeros(channels)
        normalize = _normalize_shared if replica_context() else _normalize_fused
        pictures, mean, variance = normalize(pictures, scale, offset, self.epsilon)
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(self.momentum * average.value + (1 - self.momentum) * value)
        return pictures[:, 0, 0, :] if flat else pictures


def _normalize_fused(pictures, scale, offset, epsilon):
    """Pictures (b, H, W, c), normalised by their own statistics; and those, mean and variance (c,)."""
    pictures, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=pictures,
        scale=scale,
        offset=offset,
        mean=tf.constant([]),  # the moving averages are Keras' own, and are updated by the layer
        variance=tf.constant([]),
        epsilon=epsilon,
        is_training=True,
    )
    count = tf.cast(tf.size(pictures) / tf.size(mean), tf.float32)
    return pictures, mean, variance * ((count - 1) / count)  # from the unbiased to the biased one, as Keras averages it


def _normalize_shared(pictures, scale, offset, epsilon):
    """The same by the statistics of all replicas' pictures."""
    exact = tf.cast(pictures, tf.float32)

    def mean_of(values):
        return _mean_of_replicas(tf.reduce_mean(values, axis=(0, 1, 2)))

    mean = mean_of(exact)
    variance = mean_of(tf.square(exact - mean))
    normalized = (exact - mean) * (scale * tf.math.rsqrt(variance + epsilon)) + offset
    return tf.cast(normalized, pictures.dtype), mean, variance


def replica_context():
    """The context of this replica; None where there is no other one."""
    context = tf.distribute.get_replica_context()
    return context if context and context.num_replicas_in_sync > 1 else None


def _mean_of_replicas(value):
    """The mean over all replicas of a tensor that each of them has."""
    context = replica_context()
    return value if context is None else context.all_reduce(tf.distribute.ReduceOp.MEAN, value)


@keras.saving.register_keras_serializable("facegen_keras")
class MinibatchDeviation(keras.layers.Layer):
    """Minibatch standard deviation (Karras et al. 2018): one more channel, which shows D whether pictures are alike.

    In training it holds how much the features of a few pictures, neighbours in the batch, deviate from each other,
    averaged over channels and places, in float32. Outside of training it holds the running average of that, so that the
    verdict on a picture does not depend on what is judged beside it.

    It reads features (b, H, W, c) and returns (b, H, W, c + 1). Replicas and parts of a batch find what the whole batch
    would, if the size of each is a multiple of the group's.

    Args:
        group: pictures that are compared with each other.
        momentum: of the running average.
    """

    def __init__(self, group=4, momentum=0.9, **options):
        super().__init__(**options)
        if group < 2:
            raise ValueError(f"group={group}: expected at least 2 pictures to compare.")
        self.group, self.momentum = group, momentum

    def build(self, shape):
        self.average = self.add_weight(initializer="zeros", trainable=False, autocast=False, name="average")

    def call(self, features, training=None):
        count, (height, width, channels) = tf.shape(features)[0], features.shape[1:]
        if not training:
            deviation = tf.fill((count,), self.average.value)
        else:
            if features.shape[0] is not None and features.shape[0] % self.group:
                raise ValueError(
                    f"{features.shape[0]} pictures at once are no multiple of {self.group}, the pictures that "
                    "MinibatchDeviation compares: choose another batch_size, fewer parts or replicas, or another group."
                )
            groups = tf.reshape(tf.cast(features, tf.float32), (-1, self.group, height, width, channels))
            variance = tf.math.reduce_variance(groups, axis=1)
            deviation = tf.reduce_mean(
                tf.sqrt(variance + 1e-8), axis=(1, 2, 3)
            )  # (groups,); the root has no slope at 0
            mean = _mean_of_replicas(tf.reduce_mean(deviation))
            self.average.assign(self.momentum * self.average.value + (1 - self.momentum) * mean)
            deviation = tf.repeat(deviation, self.group)
        channel = tf.broadcast_to(tf.reshape(deviation, (-1, 1, 1, 1)), (count, height, width, 1))
        return tf.concat([features, tf.cast(channel, features.dtype)], axis=-1)

    def compute_output_shape(self, shape):
        return (*shape[:-1], shape[-1] + 1)

    def get_config(self):
        return super().get_config() | {"group": self.group, "momentum": self.momentum}


@keras.saving.register_keras_serializable("facegen_keras")
class GroupedConv2D(keras.layers.Conv2D):
    """Keras' Conv2D with `groups`, each of which is a convolution of its own.

    Keras lets XLA compute them, which on a CPU took 250 times as long.
    """

    def convolution_op(self, inputs, kernel):
        pairs = zip(keras.ops.split(inputs, self.groups, -1), keras.ops.split(kernel, self.groups, -1))
        convolve = super().convolution_op
        return keras.ops.concatenate([convolve(part, own) for part, own in pairs], -1)


@keras.saving.register_keras_serializable("facegen_keras")
class Residual(keras.layers.Layer):
    """Adds to its input what some layers make of it (He et al. 2016).

    Args:
        body: a Sequential whose output has the shape of its input.
    """

    def __init__(self, body, **options):
        super().__init__(**options)
        self.body = body

    def build(self, shape):
        if not self.body.built:  # it is, where it comes from a file
            self.body.build(shape)

    def call(self, inputs, training=None):
        return inputs + self.body(inputs, training=training)

    def get_config(self):
        return super().get_config() | {"body": keras.saving.serialize_keras_object(self.body)}

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"body": keras.saving.deserialize_keras_object(config["body"])})
