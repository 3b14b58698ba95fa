"""One device and several train alike. `make proof` trains the recipes for 50 steps."""

import numpy as np
import pytest
import tensorflow as tf

import facegen_keras as fg
from facegen_keras.gan import distribution
from facegen_keras.networks.keras_version import is_keras_before
from helpers import load_small, numbers_in
from replicas import assert_close, train_apart

NEEDS_SHARED_BATCHES = pytest.mark.skipif(
    is_keras_before(distribution.SHARED_BATCHES), reason="this Keras has one replica"
)
SMALL = fg.RECIPES["dcgan2"].override(image_size=8, attributes=1, dtype_policy="float32")


@NEEDS_SHARED_BATCHES
@pytest.mark.slow
def test_two_devices_train_as_one(tmp_path):
    """Shuffled attributes, penalties through batch norm in D, EMA, steps without D, and several steps at once."""
    (found,) = train_apart(tmp_path, ["small"], steps=7, steps_per_execution=3)
    assert_close(found["small", "mirrored"], found["small", None], logs=1e-5)
    assert found["small", "mirrored"]["pictures"].shape[0] == 4


@NEEDS_SHARED_BATCHES
@pytest.mark.proof
def test_two_devices_train_as_one_with_what_lifts_variety(tmp_path):
    """Deviations of groups, self-modulation, attributes that D is not told, and what changes by steps or by images."""
    (found,) = train_apart(tmp_path, ["variety"], steps=5)
    assert_close(found["variety", "mirrored"], found["variety", None])


@NEEDS_SHARED_BATCHES
@pytest.mark.proof
@pytest.mark.parametrize("name", ["dcgan2_64", "modern", "dcgan5", "skips", "gate"])
def test_two_replicas_of_16_match_one_of_32_over_50_steps(tmp_path, name):
    (found,) = train_apart(tmp_path, [name])
    assert_close(found[name, "mirrored"], found[name, None])


@NEEDS_SHARED_BATCHES
@pytest.mark.proof
@pytest.mark.parametrize("name", ["dcgan2_64", "modern", "dcgan5", "skips"])
def test_two_workers_of_16_match_one_process_of_32_over_50_steps(tmp_path, name):
    (alone,) = train_apart(tmp_path, [name], [None])
    chief, other = train_apart(tmp_path, [name], ["multiworker"], workers=2)
    assert_close(chief[name, "multiworker"], alone[name, None])
    for what, values in chief[name, "multiworker"].items():
        np.testing.assert_array_equal(values, other[name, "multiworker"][what], err_msg=what)


@NEEDS_SHARED_BATCHES
@pytest.mark.proof
def test_float16_trains_on_two_devices(tmp_path):
    (found,) = train_apart(tmp_path, ["half"], steps=20)
    assert_close(found["half", "mirrored"], found["half", None], logs=0.02, pictures=3)


@NEEDS_SHARED_BATCHES
@pytest.mark.slow
def test_two_workers_train_as_one_process(tmp_path):
    (alone,) = train_apart(tmp_path, ["small"], [None], steps=4)
    chief, other = train_apart(tmp_path, ["small"], ["multiworker"], steps=4, workers=2)
    assert_close(chief["small", "multiworker"], alone["small", None], logs=1e-5)
    for what, values in chief["small", "multiworker"].items():
        np.testing.assert_array_equal(values, other["small", "multiworker"][what], err_msg=what)


def test_each_picture_is_seen_once_an_epoch_over_all_workers(tiny_celeba):
    """In the order of one device: the parts of a step, put together, are its batch; others in each epoch."""
    options = {"random_select": 8, "attributes": ["Male"], "seed": 3}
    alone, faces = load_small(tiny_celeba, **options), load_small(tiny_celeba, **options)
    orders = []
    for epoch in range(2):
        batches, parts = list(alone), []
        for index in range(2):
            faces.next_epoch.epoch = epoch
            context = tf.distribute.InputContext(num_input_pipelines=2, input_pipeline_id=index, num_replicas_in_sync=4)
            parts.append(list(distribution.shares_of_worker(faces, context)))
        for step, (images, attributes) in enumerate(batches):
            together = [part for worker in parts for part in worker[2 * step : 2 * step + 2]]
            np.testing.assert_array_equal(np.concatenate([part[0] for part in together]), images)
            np.testing.assert_array_equal(np.concatenate([part[1] for part in together]), attributes)
        orders.append([number for images, _ in batches for number in numbers_in(images)])
        assert len(set(orders[-1])) == 8
    assert orders[0] != orders[1]


def test_one_device_trains_alone_whatever_the_strategy(caplog):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has more devices than its processor")
    distribution._mirrored.cache_clear()  # it tells once
    with caplog.at_level("INFO"):
        assert SMALL.build(strategy="mirrored").distribute_strategy is tf.distribute.get_strategy()
    assert "there is one device" in caplog.text


def test_strategy_that_does_not_exist():
    with pytest.raises(ValueError, match="strategy='horovod'.*'mirrored' or 'multiworker'"):
        SMALL.build(strategy="horovod")


@pytest.mark.parametrize(
    "config, message",
    [
        (None, "TF_CONFIG, which names all workers, is not set"),
        ("{", "is broken"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "another index"),
        ('{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "ps", "index": 0}}', "other tasks"),
    ],
)
def test_workers_that_tf_config_does_not_name(monkeypatch, config, message):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config:
        monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(ValueError, match=message):
        SMALL.build(strategy="multiworker")


@NEEDS_SHARED_BATCHES
def test_batch_that_does_not_divide_among_the_replicas():
    fg.RECIPES["dcgan2"].override(batch_size=6).check_replicas(2)
    for name, batch_size in (("dcgan2", 33), ("attribute_noise", 6)):  # half of attribute_noise's batch is real
        with pytest.raises(ValueError, match="does not divide among 2 replicas"):
            fg.RECIPES[name].override(batch_size=batch_size).check_replicas(2)
