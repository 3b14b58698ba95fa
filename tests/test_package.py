"""Importing the package changes nothing for other libraries; `quiet` is what mutes TensorFlow."""

import os
import subprocess
import sys

import pytest

import facegen_keras as fg

IMPORTED = """
import logging, os, sys
import facegen_keras as fg
assert "tensorflow" not in sys.modules and "keras" not in sys.modules and "mtcnn" not in sys.modules
assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ
assert not logging.getLogger("tensorflow").filters and not logging.getLogger().handlers
"""
QUIET = """
fg.quiet()
fg.load_pretrained().sample(1)
os.write(2, b"still heard")
"""


def run(script):
    clean = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=clean)


def test_importing_loads_and_mutes_nothing():
    result = run(IMPORTED)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_quiet_mutes_tensorflow_and_leaves_the_error_stream_open():
    assert run(IMPORTED + QUIET).stderr == "still heard"


def test_every_public_name_is_there():
    for name in dir(fg):
        assert getattr(fg, name) is not None
    assert {"load_faces", "RECIPES", "refine_widget"} <= set(dir(fg))
    with pytest.raises(AttributeError, match="no_such_name"):
        fg.no_such_name  # noqa: B018
