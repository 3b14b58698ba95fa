"""One training step: what D and G learn from a batch, on one replica or on several at once.

Replicas only compute losses and gradients, each of its share of the batch. Whether D trains, and all that is counted
and averaged, is decided for all of them together.
"""

import contextlib

import tensorflow as tf

from facegen_keras.gan import conditions
from facegen_keras.gan.ema import update_ema
from facegen_keras.gan.losses import gradient_penalty
from facegen_keras.gan.replicas import agree_on_overflow, draw_share
from facegen_keras.gan.schedules import Progress

ACCURACY_DECAY = 0.9  # of D's running accuracy: it looks back over about ten steps


def make_train_function(gan):
    """What `fit` calls with an iterator of batches: it trains `steps_per_execution` of them, and returns the logs.

    Keras' own calls one step on every replica, where no `tf.cond` may hold an optimiser, and averages logs over their
    first axis, which scalars do not have.
    """

    def train(batch):
        with gan.distribute_strategy.scope():
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
    return train_several if gan.steps_per_execution > 1 == _replicas(gan) else train_one_by_one


def _train(gan, batch):
    """Train all replicas on a batch; returns True."""
    d_trains = gan.schedule(Progress(gan.steps_done.value, gan.epochs_done.value, _accuracy(gan)))
    known = tf.get_static_value(d_trains)
    if known is None:
        tf.cond(d_trains, lambda: _train_replicas(gan, batch, True), lambda: _train_replicas(gan, batch, False))
    else:
        _train_replicas(gan, batch, bool(known))
    if gan.ema_decay:
        update_ema(gan.ema_generator, gan.generator, gan.ema_decay, gan.steps_done.value)
    gan.track(d_trained=tf.cast(d_trains, tf.float32), d_accuracy=_accuracy(gan))
    gan.steps_done.assign_add(1)
    return tf.constant(True)


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
    targets = _target_attributes(gan, attributes)
    measured = {}
    with tf.GradientTape() as tape:
        fakes, targets, extra_loss, measured_too = gan.generate_fakes(images, targets)
        with tape.stop_recording():
            if d_trains:
                measured |= _train_discriminator(gan, images, attributes, fakes, targets)
        (fake,) = gan.discriminate(fakes, [targets], training=True)
        real = gan.discriminate(images, [attributes], training=True)[0] if gan.gan_loss.is_relativistic else None
        g_loss = gan.gan_loss.generator_loss(fake, real) + extra_loss
        scaled_loss = gan.g_optimizer.scale_loss(g_loss) / _replicas(gan)
    _descend(gan.g_optimizer, tape, scaled_loss, gan.generator)
    correct = tf.cast(gan.gan_loss.probability(fake) < 0.5, tf.float32)
    return measured | measured_too | {"g_loss": g_loss, "fake_accuracy": tf.reduce_mean(correct)}


def _train_discriminator(gan, images, attributes, fakes, targets):
    fakes = tf.stop_gradient(fakes)
    scale = gan.d_optimizer.scale_loss(1.0)  # 1 but in float16
    with tf.GradientTape() as tape:
        with tf.GradientTape() as penalty_tape:
            penalty_tape.watch([images, fakes])
            logits = _discriminate_kinds(gan, images, attributes, fakes, targets)
            logit_sum = scale * (tf.reduce_sum(logits["real"]) + tf.reduce_sum(logits["fake"]))
        d_loss = gan.gan_loss.discriminator_loss(*logits.values())
        if gan.gan_loss.gamma:
            slopes = [scaled / scale for scaled in penalty_tape.gradient(logit_sum, [images, fakes])]
            d_loss += gan.gan_loss.gamma / 2 * gradient_penalty(slopes)
        scaled_loss = scale * d_loss / _replicas(gan)
    _descend(gan.d_optimizer, tape, scaled_loss, gan.discriminator)
    probability = {name: gan.gan_loss.probability(of) for name, of in logits.items()}
    correct = tf.cast(probability["real"] >= 0.5, tf.float32)
    means = {f"d_{name}": tf.reduce_mean(of) for name, of in probability.items()}
    return means | {"d_loss": d_loss, "d_scale": scale, "real_accuracy": tf.reduce_mean(correct)}


def _replicas(gan):
    """How many replicas' gradients Keras' optimisers sum up."""
    return gan.distribute_strategy.num_replicas_in_sync


def _descend(optimizer, tape, loss, model):
    gradients = tape.gradient(loss, model.trainable_variables)
    if hasattr(optimizer, "inner_optimizer"):
        gradients = agree_on_overflow(gradients)
    optimizer.apply(gradients, model.trainable_variables)


def _discriminate_kinds(gan, images, attributes, fakes, targets):
    """D's logits in training: `real`, `fake` and, where the loss has it, `mismatch`."""
    if gan.gan_loss.joint_batch:
        both = tf.concat([attributes, targets], axis=0) if gan.discriminator.reads_attributes else None
        (logits,) = gan.discriminate(tf.concat([images, fakes], axis=0), [both], training=True)
        return {"real": logits[: tf.shape(images)[0]], "fake": logits[tf.shape(images)[0] :]}
    wrong = [gan.gan_loss.wrong_attributes(attributes)] if gan.gan_loss.mismatch else []
    real, *mismatch = gan.discriminate(images, [attributes, *wrong], training=True)
    (fake,) = gan.discriminate(fakes, [targets], training=True)
    return {"real": real, "fake": fake} | ({"mismatch": mismatch[0]} if mismatch else {})


def _target_attributes(gan, attributes):
    if not gan.random_attributes:
        return attributes

    def draw(count):
        return tf.random.stateless_uniform((count, len(gan.attributes)), gan.seed_of_step(1)) < 0.5

    return tf.cast(draw_share(draw, tf.shape(attributes)[0]), tf.float32)
