"""One training step: what D and G learn from a batch, on one replica or on several at once.

Replicas only compute losses and gradients, each of its share of the batch. Whether D trains, and all that is counted
and averaged, is decided for all of them together.
"""

import contextlib

import tensorflow as tf

from facegen_keras.gan import conditions
from facegen_keras.gan.accumulation import discriminator_gradients_in_parts, generator_gradients_in_parts
from facegen_keras.gan.augmentation import grow
from facegen_keras.gan.ema import update_ema
from facegen_keras.gan.gradients import discriminator_gradients, generator_gradients, replicas_of
from facegen_keras.gan.replicas import agree_on_overflow
from facegen_keras.gan.schedules import Progress
from facegen_keras.gan.training_memory import check_training_memory

ACCURACY_DECAY = 0.9  # of D's running accuracy: it looks back over about ten steps


def make_train_function(gan):
    """What `fit` calls with an iterator of batches: it trains `steps_per_execution` of them, and returns the logs.

    Keras' own calls one step on every replica, where no `tf.cond` may hold an optimiser, and averages logs over their
    first axis, which scalars do not have.
    """

    def train(batch):
        there = tf.nest.flatten(batch, expand_composites=True)  # what counts steps must not run without a batch
        with gan.distribute_strategy.scope(), tf.control_dependencies(there):
            return _train(gan, batch)

    def train_next(iterator):
        train(iterator.get_next())
        return {name: tracker.result() for name, tracker in gan.trackers.items()}

    def train_several(iterator):
        tf.while_loop(
            lambda done, has_more: has_more & (done < gan.steps_per_execution - 1),
            lambda done, _: (done + 1, train_optional(iterator.get_next_as_optional())),
            (tf.constant(0), train(iterator.get_next())),
        )
        return {name: tracker.result() for name, tracker in gan.trackers.items()}

    def train_optional(batch):
        return tf.cond(batch.has_value(), lambda: train(batch.get_value()), lambda: tf.constant(False))

    def train_one_by_one(iterator):  # TensorFlow fails where a tf.cond holds an optional batch for several devices
        logs = train_next(iterator)
        with contextlib.suppress(tf.errors.OutOfRangeError):
            for _ in range(gan.steps_per_execution - 1):
                logs = train_next(iterator)
        return logs

    if not gan.run_eagerly:
        options = {"reduce_retracing": True, "autograph": False}
        train = tf.function(train, jit_compile=gan.jit_compile, **options)
        train_next, train_several = (tf.function(function, **options) for function in (train_next, train_several))
    return train_several if gan.steps_per_execution > 1 == replicas_of(gan) else train_one_by_one


def _train(gan, batch):
    """Train all replicas on a batch; returns True."""
    d_trains = gan.schedule(Progress(gan.steps_done.value, gan.epochs_done.value, _accuracy(gan)))
    known = tf.get_static_value(d_trains)
    if known is None:
        tf.cond(d_trains, lambda: _train_replicas(gan, batch, True), lambda: _train_replicas(gan, batch, False))
    else:
        _train_replicas(gan, batch, bool(known))
    pictures = _pictures_of(gan, batch)
    if gan.ema_decay:
        update_ema(gan.ema_generator, gan.generator, gan.ema_decay, gan.steps_done.value, pictures)
    if gan.augmentation is not None:
        grow(gan.augmentation, gan.steps_done.value, pictures, gan.real_accuracy.value)
    gan.track(d_trained=tf.cast(d_trains, tf.float32), d_accuracy=_accuracy(gan))
    gan.steps_done.assign_add(1)
    return tf.constant(True)


def _pictures_of(gan, batch):
    """Real pictures in a batch of all replicas, each of which has as many."""
    first, *_ = gan.distribute_strategy.experimental_local_results(tf.nest.flatten(batch)[0])
    return tf.shape(first)[0] * replicas_of(gan)


def _train_replicas(gan, batch, d_trains):
    """Train, and log what was measured; returns True."""
    strategy, names = gan.distribute_strategy, []

    def train(batch):
        measured = train_step(gan, batch, d_trains)
        names[:] = measured
        return tf.stack([tf.cast(value, tf.float32) for value in measured.values()])

    values = strategy.reduce("MEAN", strategy.run(train, args=(batch,)), axis=None)
    _log(gan, dict(zip(names, tf.unstack(values, num=len(names)))))
    return tf.constant(True)


def _log(gan, measured):
    for name in ("real_accuracy", "fake_accuracy"):
        if name in measured:
            running = getattr(gan, name)
            running.assign(ACCURACY_DECAY * running + (1 - ACCURACY_DECAY) * measured.pop(name))
    if "d_loss" in measured:
        d_loss, scale = measured.pop("d_loss"), measured.pop("d_scale")
        counts = tf.math.is_finite(d_loss) | (scale <= 1.0)  # else the scale is too large: it falls, D learns nothing
        gan.trackers["d_loss"].update_state(tf.where(counts, d_loss, 0.0), tf.cast(counts, tf.float32))
    gan.track(**measured)


def _accuracy(gan):
    return (gan.real_accuracy.value + gan.fake_accuracy.value) / 2


def train_step(gan, batch, d_trains):
    """Train the networks on a replica's share of a batch.

    Args:
        gan: a compiled `FaceGAN`.
        batch: images (b, H, W, 3) and attributes (b, n).
        d_trains: whether D trains, or G alone.

    Returns:
        A dict of scalars, measured on this share.
    """
    images, attributes = conditions.check_batch(gan, batch)
    if images.shape[0] is not None:  # Python runs this once, before TensorFlow takes any memory
        check_training_memory(gan, images.shape[0])
    latents = gan.latent.for_training(images, gan.seed_of_step(0))
    batch = (images, attributes, latents, gan.target_attributes(latents, attributes))
    d_measured = {}

    def update_discriminator(gradients, measured):
        _descend(gan.d_optimizer, gradients, gan.discriminator)
        d_measured.update(measured)

    def train_discriminator(fakes, targets):
        update_discriminator(*discriminator_gradients(gan, images, attributes, fakes, targets))

    if gan.gradient_accumulation_steps > 1:
        if d_trains:
            update_discriminator(*discriminator_gradients_in_parts(gan, *batch))
        gradients, measured = generator_gradients_in_parts(gan, *batch)
    else:
        gradients, measured = generator_gradients(gan, *batch, train_discriminator if d_trains else None)
    _descend(gan.g_optimizer, gradients, gan.generator)
    return d_measured | measured


def _descend(optimizer, gradients, model):
    if hasattr(optimizer, "inner_optimizer"):
        gradients = agree_on_overflow(gradients)
    optimizer.apply(gradients, model.trainable_variables)
