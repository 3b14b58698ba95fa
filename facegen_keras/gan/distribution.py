"""Training on several devices of one machine, or on several machines, by TensorFlow's own strategies."""

import contextlib
import functools
import json
import logging
import os
import zlib

import keras
import numpy as np
import tensorflow as tf

from facegen_keras.networks.keras_version import is_keras_before

logger = logging.getLogger(__name__)

STRATEGIES = ("mirrored", "multiworker")
SHARED_BATCHES = (3, 10)  # the oldest Keras that was tested to train on them; that of 3.3 refuses them
EXAMPLE = '{"cluster": {"worker": ["host0:12345", "host1:12345"]}, "task": {"type": "worker", "index": 0}}'


def find_strategy(strategy=None):
    """The `tf.distribute.Strategy` to build and to train a GAN under.

    Args:
        strategy: "mirrored": all GPUs of this machine, or else its logical processors (TensorFlow has one unless told
            otherwise); "multiworker": the machines that the environment variable TF_CONFIG names, each with all of its
            GPUs; a `tf.distribute.Strategy`; None for the one whose scope this is called in, most often that of one
            device.

    Raises:
        ValueError: there is no such strategy, or TF_CONFIG is missing or broken.
        RuntimeError: TensorFlow has already begun to compute, too early for "multiworker".
    """
    if strategy is None:
        return tf.distribute.get_strategy()
    if isinstance(strategy, tf.distribute.Strategy):
        return strategy
    if strategy not in STRATEGIES:
        raise ValueError(
            f"strategy={strategy!r}: expected {' or '.join(map(repr, STRATEGIES))}, a tf.distribute.Strategy or None."
        )
    return _mirrored() if strategy == "mirrored" else _multi_worker()


@functools.cache
def _mirrored():
    devices = [device.name for device in tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")]
    if len(devices) == 1:
        logger.info('strategy="mirrored": there is one device, %s, and it trains alone.', devices[0])
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy(devices)


@functools.cache  # a process joins its workers once
def _multi_worker():
    workers, index = _read_cluster(os.environ.get("TF_CONFIG"))
    logger.info("Worker %d of %d waits for the others.", index, len(workers))
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise RuntimeError(
            f'strategy="multiworker": TensorFlow has already begun to compute ({error}). Make it the first thing that '
            "a process does, before any other GAN, tensor or data set."
        ) from error


def _read_cluster(text):
    """The workers' addresses, and the index of this one, from TF_CONFIG."""
    if not text:
        raise ValueError(
            f'strategy="multiworker": the variable TF_CONFIG, which names all workers, is not set: {EXAMPLE}'
        )
    try:
        config = json.loads(text)
        workers, task = config["cluster"]["worker"], config["task"]
        if list(config["cluster"]) != ["worker"] or task["type"] != "worker" or not 0 <= task["index"] < len(workers):
            raise ValueError("it knows other tasks than workers, or another index than theirs")
    except (ValueError, TypeError, KeyError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"TF_CONFIG={text!r} is broken ({reason}): expected such as {EXAMPLE}.") from error
    return workers, task["index"]


def is_chief(strategy):
    """Whether this process is the one that writes files; only of several workers one is not."""
    return strategy.extended.should_checkpoint


def check_batch_size(batch_size, replicas):
    """Do nothing where each of several replicas gets an equal share of a batch; else raise a ValueError."""
    if replicas > 1 and is_keras_before(SHARED_BATCHES):
        raise ValueError(
            f"{replicas} replicas: fit of Keras {keras.version()} cannot feed them; install 3.10 or newer."
        )
    if batch_size is None or batch_size % replicas:
        raise ValueError(
            f"A batch of {batch_size or 'unknown size'} does not divide among {replicas} replicas: the batch size is "
            f"that of all together, so make it a multiple of {replicas}, with drop_remainder=True."
        )


def share_batches(faces, strategy):
    """Give the r-th part of each batch to the r-th of all replicas.

    Every worker runs the whole pipeline and leaves out what is not its own: so each picture is seen once an epoch,
    in the order of one device.

    Args:
        faces: tf.data.Dataset of batches for all replicas; each worker has the same one.
        strategy: a `tf.distribute.Strategy`.

    Returns:
        What `fit` takes; `faces` themselves for one replica.

    Raises:
        ValueError: the batches cannot be divided.
    """
    replicas = strategy.num_replicas_in_sync
    if replicas == 1 or isinstance(faces, tf.distribute.DistributedDataset):
        return faces
    if not isinstance(faces, tf.data.Dataset):
        raise ValueError(f"{type(faces).__name__}: several replicas train on a tf.data.Dataset, such as load_faces.")
    check_batch_size(faces.element_spec[0].shape[0], replicas)

    shared = strategy.distribute_datasets_from_function(lambda context: shares_of_worker(faces, context))
    shared._cardinality = len(faces)  # steps, where TensorFlow counts the shares of all local replicas
    return shared


def shares_of_worker(faces, context):
    """What a worker's replicas are fed, one share of a batch after the other.

    Args:
        faces: tf.data.Dataset of batches for all replicas.
        context: the worker's `tf.distribute.InputContext`.
    """
    replicas = context.num_replicas_in_sync
    local = replicas // context.num_input_pipelines
    first = context.input_pipeline_id * local

    def split(*batch):
        shares = [tf.reshape(part, (replicas, part.shape[0] // replicas, *part.shape[1:])) for part in batch]
        own = tf.data.Dataset.range(first, first + local)
        return own.map(lambda replica: tuple(share[replica] for share in shares))

    return faces.flat_map(split).prefetch(2 * local)  # TensorFlow's unbatch crashes where there are no attributes


def draw_on_one_device(model):
    """Let `predict` of a model of several replicas draw each picture once: Keras would return it once a replica."""
    model._distribute_strategy = None


class Together(keras.callbacks.Callback):
    """Keeps replicas and workers together: they start alike, draw different noise, and stop at the same step."""

    def on_train_begin(self, logs=None):
        strategy = self.model.distribute_strategy
        state = [int(self.model.steps_done.numpy()), int(self.model.epochs_done.numpy()), _checksum(self.model)]
        gather = tf.function(lambda own: strategy.gather(strategy.run(lambda: own), axis=0))
        states = gather(tf.constant([state], tf.int64)).numpy()
        if (states != states[0]).any():
            raise ValueError(
                f"The workers do not start alike: steps, epochs and checksums of their weights are {states.tolist()}. "
                "Give them the same seed and options, and a run's folder that all of them share."
            )
        states = [state.value for state in random_states(self.model)]
        self.part = tf.function(lambda firsts: strategy.run(_part, args=(states, firsts)))

    def on_epoch_begin(self, epoch, logs=None):
        """Replicas draw different dropout masks and instance noise; the first draws, and a file keeps, its own."""
        if firsts := [tf.constant(state.numpy()) for state in random_states(self.model)]:
            self.part(firsts)

    def on_train_batch_end(self, batch, logs=None):
        self._agree_to_stop()

    def on_epoch_end(self, epoch, logs=None):
        self._agree_to_stop()

    def _agree_to_stop(self):
        """Stop where any worker's callback wants to: the others would wait for it for ever."""
        self.model.stop_training = any_worker(self.model.distribute_strategy, self.model.stop_training)


def any_worker(strategy, wish):
    """Whether any of the workers has a wish, True or False; all of them must ask at the same step."""
    return mean_of_workers(strategy, bool(wish)) > 0


def mean_of_workers(strategy, number):
    """The mean of each worker's number, as a float; all of them must ask at the same step."""
    if strategy.cluster_resolver is None:  # there is one process
        return float(number)
    return float(_mean_of_workers(strategy)(tf.constant(float(number))))


@functools.cache
def _mean_of_workers(strategy):
    return tf.function(lambda own: strategy.reduce("MEAN", strategy.run(lambda own: own, (own,)), axis=None))


@contextlib.contextmanager
def told_of_lost_workers(strategy):
    """Say, where a step fails as another worker is gone, how to go on: RuntimeError."""
    try:
        yield
    except tf.errors.OpError as error:
        if strategy.cluster_resolver is None:
            raise
        reason = f"{type(error).__name__}: {error.message}"[:300]
        raise RuntimeError(
            f"A worker is gone, or cannot be reached ({reason}). Start all workers again with --resume: they go on "
            "from the last checkpoint."
        ) from error


def random_states(gan):
    """The random states of dropout and noise in a GAN's networks: Keras variables uint32 (2,)."""
    models = [model for model in (gan.generator, gan.discriminator, gan.augmentation) if model is not None]
    variables = [variable for model in models for variable in model.variables]
    return [variable for variable in variables if variable.name == "seed_generator_state"]


def _part(states, firsts):
    """Give each replica random states of its own; the first replica's stay as they are."""
    for state, first in zip(states, firsts):
        replica = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, state.dtype)
        state.assign(first + tf.stack([replica, tf.zeros_like(replica)]))


def _checksum(gan):
    return zlib.crc32(b"".join(np.ascontiguousarray(weight.numpy()).tobytes() for weight in gan.weights))
