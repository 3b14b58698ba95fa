"""Batches of noise: enough for what does not depend on faces."""

import numpy as np
import tensorflow as tf


def small_batches(recipe, count=4, batch=8, size=16):
    """`count` batches of random images (batch, size, size, 3) and attributes, as `recipe` expects them."""
    rng = np.random.default_rng(0)
    low, high = recipe.value_range
    images = rng.uniform(low, high, (count * batch, size, size, 3)).astype(np.float32)
    n = 0 if recipe.random_attributes else len(recipe.attributes)
    attributes = rng.integers(0, 2, (count * batch, n)).astype(np.float32)
    return tf.data.Dataset.from_tensor_slices((images, attributes)).batch(batch, drop_remainder=True)
