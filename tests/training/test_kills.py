"""Runs whose process is killed, or asked to end."""

import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

import facegen_keras as fg

RUN = {"recipe": "dcgan2", "image_size": 16, "attributes": ["Male"], "batch_size": 4, "epochs": 5, "every": 2}
RUN |= {"save_minutes": 1e-6, "cooldown": 0.9}  # saved after every batch

# Files that the process has just begun to write, with a dot, or has moved to their places; and how many new ones.
KILLED_AT = [(".gan-*.keras", 1), ("gan_1.keras", 1), (".gan-*.keras", 4)]
KILLING = """
import itertools, os, runpy, signal, sys

replace, calls = os.replace, itertools.count(1)

def replace_and_kill(*paths):
    call = next(calls)
    if call == {number} and not {after}:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*paths)
    if call == {number}:
        os.kill(os.getpid(), signal.SIGKILL)

os.replace = replace_and_kill
runpy.run_module("facegen_keras", run_name="__main__", alter_sys=True)
"""


def start(run, faces, *arguments, program=("-m", "facegen_keras")):
    """Start or resume a run in a process of its own, by the same command each time, as where a cluster does it."""
    options = {name.replace("_", "-"): value for name, value in RUN.items() if name != "attributes"}
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, *program, "train", "--run", str(run), "--data", str(faces), "--resume", *flags]
    return subprocess.Popen(
        [*command, "--attributes", "Male", "--verbose", "0", *arguments], stderr=subprocess.PIPE, text=True
    )


def kill_at_file(pattern, count, run, process):
    """Kill a process when so many new files of its run have matched the pattern."""
    seen = {file: file.stat().st_mtime_ns for file in run.glob(pattern)}
    while count > 0 and process.poll() is None:
        try:
            found = {file: file.stat().st_mtime_ns for file in run.glob(pattern)}
        except FileNotFoundError:  # it has just been moved to its place
            continue
        count -= len(found.items() - seen.items())
        seen |= found
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, f"{pattern}: {process.stderr.read()}"


def progress_of(run):
    """The epoch, and the batches of the next one, that a run has saved."""
    gan = fg.load_run(run, last=True)
    return int(gan.epochs_done.numpy()), int(gan.batches_done.numpy())


def end(run, faces, *arguments):
    with start(run, faces, *arguments) as process:
        assert process.wait() == 0, process.stderr.read()
    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory, faces_folder):
    """A run that nothing has happened to."""
    return end(tmp_path_factory.mktemp("whole") / "run", faces_folder)


def assert_same(run, whole):
    for name in ("gan.keras", "best.keras"):
        weights = [fg.load_gan(folder / name).get_weights() for folder in (run, whole)]
        assert all((one == other).all() for one, other in zip(*weights, strict=True)), name
    assert (run / "history.csv").read_bytes() == (whole / "history.csv").read_bytes()
    names = [sorted(str(file.relative_to(folder)) for file in folder.rglob("*")) for folder in (run, whole)]
    assert names[0] == names[1], "nothing that is half-written is left"


@pytest.mark.slow
def test_run_that_is_killed_again_and_again_ends_as_one_that_was_not(tmp_path, faces_folder, whole):
    run, reached = tmp_path / "run", []
    for pattern, count in KILLED_AT:
        with start(run, faces_folder) as process:
            kill_at_file(pattern, count, run, process)
        if (run / "gan.keras").exists() or (run / "gan_1.keras").exists():
            reached.append(progress_of(run))
    assert reached == sorted(reached) and any(batches for _, batches in reached), "no epoch was saved in its middle"
    assert_same(end(run, faces_folder), whole)


@pytest.mark.proof
def test_run_that_is_killed_around_each_move_of_a_file_ends_as_one_that_was_not(tmp_path, faces_folder):
    """Before and after each file is moved to its place: options, checkpoints, the best one, history, curves, grids."""
    run, reached, longer = tmp_path / "run", [], ("--epochs", "14")
    for number in range(1, 12):
        for after in (False, True):
            program = ("-c", KILLING.format(number=number, after=after))
            with start(run, faces_folder, *longer, program=program) as process:
                assert process.wait() == -signal.SIGKILL, process.stderr.read()
            if [*run.glob("gan*.keras")]:
                reached.append(progress_of(run))
    print(f"22 kills; saved at (epoch, batch) {reached}")
    assert reached == sorted(reached)
    assert_same(end(run, faces_folder, *longer), end(tmp_path / "whole", faces_folder, *longer))


@pytest.mark.slow
def test_run_that_is_asked_to_end_is_saved_and_goes_on(tmp_path, faces_folder, whole):
    run = tmp_path / "run"

    def epochs():
        return len(pd.read_csv(run / "history.csv")) if (run / "history.csv").exists() else 0

    for number, status, least in (signal.SIGTERM, 143, 1), (signal.SIGINT, 130, 3):
        with start(run, faces_folder, "--save-minutes", "60") as process:
            while process.poll() is None and epochs() < least:
                time.sleep(0.001)
            process.send_signal(number)
            errors = process.communicate()[1]
        assert process.returncode == status and "Traceback" not in errors, errors
        assert least <= progress_of(run)[0] == epochs()
    assert_same(end(run, faces_folder), whole)
