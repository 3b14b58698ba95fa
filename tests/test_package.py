"""Importing the package loads nothing and mutes nothing; `quiet` is what mutes TensorFlow."""

import os
import platform
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
ONEDNN = """
import facegen_keras
from tensorflow.python.util import _pywrap_util_port
print(_pywrap_util_port.IsMklEnabled())
"""
QUIET = """
fg.quiet()
fg.load_pretrained().sample(1)
os.write(2, b"still heard")
"""
SETTINGS = ("TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS")


def run(script, **environment):
    clean = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=clean | environment)


def test_importing_loads_and_mutes_nothing():
    result = run(IMPORTED)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_quiet_mutes_tensorflow_and_leaves_the_error_stream_open():
    assert run(IMPORTED + QUIET).stderr == "still heard"


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64") or sys.platform == "darwin", reason="oneDNN is x86's")
def test_onednn_is_on_unless_told_otherwise():
    assert run(ONEDNN).stdout.strip() == "True"
    assert run(ONEDNN, TF_ENABLE_ONEDNN_OPTS="0").stdout.strip() == "False"


def test_every_public_name_is_there():
    for name in dir(fg):
        assert getattr(fg, name) is not None
    assert {"load_faces", "RECIPES", "refine_widget"} <= set(dir(fg))
    with pytest.raises(AttributeError, match="no_such_name"):
        fg.no_such_name  # noqa: B018
