"""What a replica of the training step takes from the batch of all replicas."""

import tensorflow as tf

from facegen_keras.networks.layers import replica_context


def roll_batch(batch):
    """Give each element the place of the next one, and the last the first one's: a tensor (b, ...) like the batch.

    Replicas hand over their last elements, so that it is the batch of all replicas that rolls.
    """
    if not (context := replica_context()):
        return tf.roll(batch, 1, axis=0)
    lasts = context.all_gather(batch[-1:], axis=0)
    before = lasts[context.replica_id_in_sync_group - 1]
    return tf.concat([before[None], batch[:-1]], axis=0)


def draw_share(draw, count):
    """Draw for the batch of all replicas, and take this replica's share.

    Args:
        draw: function of a number of elements to a tensor of so many.
        count: elements in this replica's batch.
    """
    if not (context := replica_context()):
        return draw(count)
    first = context.replica_id_in_sync_group * count
    return draw(count * context.num_replicas_in_sync)[first : first + count]


def agree_on_overflow(gradients):
    """Gradients of one replica, of which one becomes NaN where any replica's are not all finite numbers.

    Keras' `LossScaleOptimizer` asks the first replica alone whether the step is to be skipped.
    """
    if not (context := replica_context()):
        return gradients
    broken = tf.add_n([tf.reduce_sum(0.0 * gradient) for gradient in gradients])  # 0, or NaN
    broken = context.all_reduce(tf.distribute.ReduceOp.SUM, broken)
    return [gradients[0] + broken, *gradients[1:]]
