"""Keras' batch normalisation in one fused operation: about five times as fast on a CPU."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("facegen_keras")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' BatchNormalization over the last axis; in training, TensorFlow's fused kernel computes it.

    Its weights, arguments and results are those of Keras: inputs may be bfloat16, statistics are float32. Keras' own
    layer runs a dozen operations over all pixels; in a generator at 64x64 these took more time than the convolutions.
    It reads inputs (b, c) or (b, H, W, c), and supports no masks, no other axes and no synchronised statistics.
    """

    def call(self, inputs, training=None):
        if not (training and self.trainable):
            return super().call(inputs, training=training)
        flat, channels = len(inputs.shape) == 2, inputs.shape[-1:]
        pictures = inputs[:, None, None, :] if flat else inputs  # the kernel expects four dimensions
        pictures, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=pictures,
            scale=tf.cast(self.gamma.value, tf.float32) if self.scale else tf.ones(channels),
            offset=tf.cast(self.beta.value, tf.float32) if self.center else tf.zeros(channels),
            mean=tf.constant([]),  # the moving averages are Keras' own, and are updated below
            variance=tf.constant([]),
            epsilon=self.epsilon,
            is_training=True,
        )
        count = tf.cast(tf.size(pictures) / tf.size(mean), tf.float32)
        variance *= (count - 1) / count  # the kernel returns the unbiased variance; Keras averages the biased one
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(self.momentum * average.value + (1 - self.momentum) * value)
        return pictures[:, 0, 0, :] if flat else pictures
