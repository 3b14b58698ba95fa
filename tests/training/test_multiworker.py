"""Runs of two workers on this machine. `make proof` kills one of them."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import facegen_keras as fg
from facegen_keras.__main__ import main
from replicas import free_ports, tf_config

OPTIONS = ["--recipe", "dcgan2", "--image-size", "16", "--attributes", "Male", "--batch-size", "8"]
LOGS = ["d_loss", "g_loss", "d_real", "d_fake", "d_accuracy"]


class Workers:
    """Two workers that train into the same run; a worker that ends with an error is started again, as clusters do."""

    def __init__(self, run, *options):
        self.command = [sys.executable, "-m", "facegen_keras", "train", "--run", str(run), "--resume", "--verbose", "0"]
        self.command += [*OPTIONS, "--dtype-policy", "float32", "--strategy", "multiworker", *options]
        self.ports, self.starts = free_ports(2), [0, 0]
        self.processes = [self._start(0), self._start(1)]

    def _start(self, index):
        self.starts[index] += 1
        environment = os.environ | {"TF_CONFIG": tf_config(self.ports, index), "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.Popen(self.command, env=environment, stderr=subprocess.PIPE, text=True)

    def wait(self, done=None, seconds=240):
        """Wait until `done()`, or until both have ended well; returns what those that failed have written."""
        told, end = "", time.monotonic() + seconds
        while not (done() if done else all(process.poll() == 0 for process in self.processes)):
            assert time.monotonic() < end and max(self.starts) < 6, told
            for index, process in enumerate(self.processes):
                if process.poll() not in (None, 0):
                    told += process.stderr.read()
                    self.processes[index] = self._start(index)
            time.sleep(0.05)
        return told

    def stop(self):
        for process in self.processes:
            process.kill()
            process.communicate()


@pytest.mark.proof
def test_worker_that_is_killed_and_started_again_goes_on_with_the_other(tmp_path, faces_folder):
    data = ["--data", str(faces_folder)]
    workers = Workers(tmp_path / "run", "--epochs", "4", "--cooldown", "1", "--minutes", "60", *data)
    try:
        workers.wait(lambda: (tmp_path / "run" / "gan_1.keras").exists())
        workers.processes[1].send_signal(signal.SIGKILL)
        told = workers.wait()
    finally:
        workers.stop()
    assert "Start all workers again with --resume" in told and min(workers.starts) > 1
    whole = tmp_path / "whole"
    assert (
        main(
            [
                "train",
                "--run",
                str(whole),
                *OPTIONS,
                "--dtype-policy",
                "float32",
                *data,
                "--epochs",
                "4",
                "--cooldown",
                "1",
            ]
        )
        == 0
    )
    found, expected = (pd.read_csv(run / "history.csv") for run in (tmp_path / "run", whole))
    np.testing.assert_allclose(found[LOGS], expected[LOGS], rtol=0.02)
    assert found["epoch"].tolist() == [1, 2, 3, 4]
    names = [sorted(file.name for file in run.rglob("*")) for run in (tmp_path / "run", whole)]
    assert names[0] == names[1], "only the chief has written"
    gan = fg.load_run(tmp_path / "run", last=True)
    assert gan.distribute_strategy.num_replicas_in_sync == 1 and len(gan.sample(4)) == 4
    gan = fg.train(tmp_path / "run", epochs=5, resume=True, verbose=0)
    assert int(gan.epochs_done.numpy()) == 5, "a run of two workers goes on in one process"


@pytest.mark.proof
def test_workers_end_together_when_one_is_asked_to(tmp_path, faces_folder):
    """The chief saves, though it was not the one that was asked."""
    workers = Workers(tmp_path / "run", "--epochs", "1000", "--data", str(faces_folder))
    try:
        workers.wait((tmp_path / "run" / "gan.keras").exists)
        workers.processes[1].send_signal(signal.SIGTERM)
        statuses = [process.wait(timeout=60) for process in workers.processes]
    finally:
        workers.stop()
    assert statuses == [128 + signal.SIGTERM] * 2
    gan = fg.load_run(tmp_path / "run", last=True)
    epochs, batches = int(gan.epochs_done.numpy()), int(gan.batches_done.numpy())
    assert int(gan.steps_done.numpy()) == 2 * epochs + batches > 0
