"""Trains GANs on one device and on several, in processes of their own: devices are set before TensorFlow starts."""

import json
import os
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np

BATCH = 32


def recipes():
    """Recipes at 16x16 by name.

    Their optimisers divide by at least 0.01, where their own divide rounding errors by rounding errors: two trainings
    on one device, of weights that differ by 1e-7, are then as far apart after 50 steps as one and two devices are.
    `modern` learns at an eighth of its rate, at which such trainings part soon.
    """
    import keras

    import facegen_keras as fg

    def small_generator(size, n):
        layers = [keras.layers.Dense(4 * 4 * 8), keras.layers.Reshape((4, 4, 8)), fg.builders.batch_norm()]
        layers += [keras.layers.Conv2DTranspose(3, 4, 4, "same", activation="sigmoid", dtype="float32")]
        return keras.Sequential(layers, name="body")

    def small_discriminator(n):
        layers = [keras.layers.Conv2D(8, 4, 4), fg.builders.batch_norm(), keras.layers.LeakyReLU()]
        features = keras.Sequential([*layers, keras.layers.Flatten()], name="features")
        return features, keras.Sequential([keras.layers.Dense(1, dtype="float32")], name="head")

    def plain(name, **changes):
        recipe = fg.RECIPES[name]
        optimizers = {of: partial(getattr(recipe, of), epsilon=1e-2) for of in ("d_optimizer", "g_optimizer")}
        fixed = {"image_size": 16, "batch_size": BATCH, "dtype_policy": "float32"}
        return recipe.override(**fixed | optimizers | changes)

    falling = keras.optimizers.schedules.PiecewiseConstantDecay([2], [1.0, 0.3])
    cosine = keras.optimizers.schedules.CosineDecay(1e-3, 4)
    late_adam = partial(keras.optimizers.Adam, cosine, beta_1=0.5, epsilon=1e-2)
    slow_adam = partial(keras.optimizers.Adam, 1e-4, beta_1=0.5, beta_2=0.99, epsilon=1e-2)
    shuffled = fg.CrossEntropy(mismatch="shuffle", gamma=1.0)
    small = {"generator": small_generator, "discriminator": small_discriminator, "ema_decay": 0.9, "loss": shuffled}
    return {
        "small": plain("dcgan2", schedule="ratio:2", **small),
        "dcgan2_64": plain("dcgan2_64"),
        "modern": plain("modern", d_optimizer=slow_adam, g_optimizer=slow_adam),
        "variety": plain(
            "modern",
            generator=partial(fg.modern_generator, width=8, modulated=True),
            discriminator=partial(fg.modern_discriminator, widths=(8, 8), deviation=4),
            loss=fg.CrossEntropy(mismatch="shuffle", gamma=falling, attribute_dropout=0.3),
            ema_decay=fg.HalfLife(200, ramp_up=0.1),
            d_optimizer=late_adam,
            g_optimizer=late_adam,
        ),
        "dcgan5": plain("dcgan5"),
        "skips": plain("dcgan2", schedule="ratio:3"),
        "gate": plain("dcgan2", schedule="accuracy:0.55"),
        "random": plain("attribute_noise", discriminator=fg.builders.dcgan_discriminator),
        "half": plain("dcgan2", dtype_policy="mixed_float16", **small),
    }


def train_apart(folder, names, strategies=(None, "mirrored"), steps=50, workers=1, **options):
    """Train recipes on noise in other processes.

    Args:
        folder: for files.
        names: of `recipes`.
        strategies: of these, all in the same process.
        steps: of each training.
        workers: how many processes; they find each other through TF_CONFIG.
        **options: fields of the recipes to override.

    Returns:
        A list of what each worker found: a dict of (name, strategy) to a dict of arrays, the logs by their names,
        `pictures` and `weights`.
    """
    ports = free_ports(workers)
    processes = []
    for index in range(workers):
        task = {"names": names, "strategies": strategies, "steps": steps, "options": options}
        file = Path(folder) / f"found{index}.npz"
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"}
        if workers > 1:
            environment["TF_CONFIG"] = tf_config(ports, index)
        command = [sys.executable, __file__, str(file), json.dumps(task)]
        processes.append((file, subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)))
    errors = [process.communicate(timeout=540)[1] for _, process in processes]
    assert not any(process.returncode for _, process in processes), errors
    return [_read(file) for file, _ in processes]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def tf_config(ports, index):
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    return json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})


def assert_close(found, expected, logs=3e-4, pictures=2):
    """The same training but for rounding: relative distance of logs, and grey levels between pictures."""
    for name in expected:
        if name not in ("pictures", "weights"):
            # D's accuracy counts verdicts, of which those near 0.5 turn by rounding.
            most = 0.1 if name == "d_accuracy" else 0
            np.testing.assert_allclose(found[name], expected[name], rtol=logs, atol=most, err_msg=name)
    levels = np.abs(found["pictures"].astype(int) - expected["pictures"].astype(int))
    assert levels.max() <= pictures, f"{levels.max()} grey levels, {levels.mean():.3f} in the mean"


def _read(file):
    with np.load(file) as arrays:
        found = {}
        for key in arrays:
            name, strategy, what = key.split("|")
            found.setdefault((name, None if strategy == "None" else strategy), {})[what] = arrays[key]
    return found


def _main(file, task):
    import tensorflow as tf

    two = [tf.config.LogicalDeviceConfiguration()] * 2
    if "multiworker" not in task["strategies"]:
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
    from batches import small_batches
    from facegen_keras.gan.distribution import find_strategy

    for strategy in task["strategies"]:
        find_strategy(strategy)  # before any other tensor
    found = {}
    for name in task["names"]:
        recipe = recipes()[name].override(**task["options"])
        for strategy in task["strategies"]:
            gan = recipe.build(strategy=strategy)
            logs = gan.fit(small_batches(recipe, task["steps"], BATCH), verbose=0).history
            logs["pictures"] = gan.sample(4)
            logs["weights"] = np.concatenate([weight.numpy().ravel() for weight in gan.trainable_weights])
            found |= {f"{name}|{strategy}|{what}": values for what, values in logs.items()}
    np.savez(file, **found)


if __name__ == "__main__":
    _main(sys.argv[1], json.loads(sys.argv[2]))
