"""The estimate of a training's memory, against what processes of their own took."""

import os
import subprocess
import sys

import pytest
import tensorflow as tf

import facegen_keras as fg
from facegen_keras.gan.training_memory import training_memory

MEASURE = """
import re, sys
from pathlib import Path
import tensorflow as tf
import facegen_keras as fg

def peak():  # of this process alone; resource.getrusage counts what its parent took before it, too
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

name, batch_size, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
recipe = fg.RECIPES[name].override(
    batch_size=batch_size, gradient_accumulation_steps=steps, dtype_policy="float32"
)
images = tf.random.stateless_uniform((batch_size, *recipe.size, 3), (0, 0))
batch = images, tf.ones((batch_size, len(recipe.attributes)))
before = peak()
recipe.build().fit(tf.data.Dataset.from_tensors(batch).repeat(3), verbose=0)
print(peak() - before)
"""


def measure(name, batch_size, steps=1):
    """Bytes that a training took at its peak, above what TensorFlow takes without one."""
    command = [sys.executable, "-c", MEASURE, name, str(batch_size), str(steps)]
    as_users_have_it = {key: value for key, value in os.environ.items() if not key.startswith("TF_NUM_")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=as_users_have_it)
    return int(done.stdout.split()[-1])


def estimate(name, batch_size, steps=1):
    changes = {"batch_size": batch_size, "gradient_accumulation_steps": steps, "dtype_policy": "float32"}
    return fg.RECIPES[name].override(**changes).check_memory()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory otherwise")
@pytest.mark.parametrize("name, batch_size, steps", [("dcgan2_64", 128, 1), ("modern", 128, 4)])
def test_estimate_is_near_to_what_is_taken(name, batch_size, steps):
    assert 2 / 3 < estimate(name, batch_size, steps) / measure(name, batch_size, steps) < 3 / 2


@pytest.mark.slow
def test_parts_of_a_batch_take_less():
    whole, parts = estimate("modern", 256), estimate("modern", 256, 8)
    assert parts < whole / 3
    assert estimate("modern", 512) > 1.8 * whole
    shared = fg.RECIPES["modern"].override(batch_size=256, dtype_policy="float32").check_memory(replicas=2)
    assert shared == estimate("modern", 128)


@pytest.mark.parametrize("name", ["modern", "dcgan5", "attribute_noise"])
def test_nothing_needs_to_be_built_to_know(name):
    recipe = fg.RECIPES[name].override(image_size=16, ema_decay=0.9, dtype_policy="mixed_float16", batch_size=8)
    assert recipe.check_memory() == training_memory(recipe.build(), recipe.real_pictures)


def test_a_run_that_cannot_fit_is_refused_at_once_and_leaves_nothing(tmp_path, faces_folder):
    with pytest.raises(ValueError, match=r"4096x4096 at once would take .* GB.*batch_size.*gradient_accumulation_ste"):
        fg.train(tmp_path / "run", recipe="human_face", image_size=4096, data=str(faces_folder))
    assert not (tmp_path / "run" / "options.json").exists()


def test_fit_refuses_a_batch_that_cannot_fit_before_it_takes_memory():
    gan = fg.RECIPES["fc_gan"].build(image_size=16, attributes=1)
    shapes = (10**9, 16, 16, 3), (10**9, 1)
    batches = tf.data.Dataset.from_generator(
        lambda: iter(()), output_signature=tuple(tf.TensorSpec(shape, tf.float32) for shape in shapes)
    )
    with pytest.raises(ValueError, match="batch_size"):
        gan.fit(batches, verbose=0)
