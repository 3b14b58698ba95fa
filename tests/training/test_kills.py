"""Runs whose process is killed."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import facegen_keras as fg

# The file that the process has just begun to write, with a dot, or has written:
KILLED_AT = ("options.json", ".curves-*.png", ".best-*.keras", ".gan-*.keras", "gan_previous.keras", ".gan-*.keras")


def train_until(pattern, run, *arguments):
    """Start or resume a run in a process of its own, and kill it as soon as a new file matches the pattern."""
    before = set(run.rglob("*"))
    command = [sys.executable, "-m", "facegen_keras", "train", "--run", str(run), "--resume", "--verbose", "0"]
    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not set(run.glob(pattern)) - before:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.stderr.read()


@pytest.mark.slow
def test_run_that_is_killed_again_and_again_ends_as_one_that_was_not(tmp_path, faces_folder):
    """The command stays the same, as where a cluster starts it again: nobody looks whether there is a run yet."""
    options = {"recipe": "dcgan2", "image_size": 16, "attributes": ["Male"], "batch_size": 8, "epochs": 5}
    whole = fg.train(tmp_path / "whole", data=str(faces_folder), verbose=0, **options)
    run = tmp_path / "killed"
    arguments = ["--data", str(faces_folder), "--recipe", "dcgan2", "--image-size", "16", "--attributes", "Male"]
    for pattern in KILLED_AT:
        train_until(pattern, run, *arguments, "--batch-size", "8", "--epochs", "5")
    gan = fg.train(run, data=str(faces_folder), verbose=0, resume=True, **options)
    np.testing.assert_array_equal(gan.sample(4), whole.sample(4))
    assert (run / "history.csv").read_bytes() == (tmp_path / "whole" / "history.csv").read_bytes()
    names = [sorted(file.name for file in folder.rglob("*")) for folder in (run, tmp_path / "whole")]
    assert names[0] == names[1], "nothing that is half-written is left"
