import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from facegen_keras.check_env import LEAST_VERSIONS


def test_least_versions_are_the_requirements():
    requirements = (Path(__file__).parent.parent / "requirements.txt").read_text()
    found = re.findall(r"^(\w+)>=([\d.]+)", requirements, re.M)
    bounds = {name: tuple(map(int, version.split("."))) for name, version in found}
    assert bounds == LEAST_VERSIONS


def check(tmp_path, command=("facegen_keras.check_env",), **environment):
    return subprocess.run(
        [sys.executable, "-m", *command],
        env=os.environ | {"FACEGEN_CACHE": str(tmp_path / "cache")} | environment,
        capture_output=True,
        text=True,
    )


def test_working_environment_passes(tmp_path, faces_folder):
    result = check(tmp_path, FACEGEN_DATA=str(faces_folder))
    assert result.returncode == 0, result.stdout
    assert "tensorflow" in result.stdout and "24 faces" in result.stdout and "training step" in result.stdout


def test_missing_data_fails_with_the_mend(tmp_path):
    result = check(tmp_path, FACEGEN_DATA=str(tmp_path / "nowhere"))
    assert result.returncode == 1
    assert any(
        line.startswith("FAIL") and "nowhere" in line and "FACEGEN_DATA" in line for line in result.stdout.splitlines()
    )


@pytest.mark.parametrize("command", [("facegen_keras.check_env",), ("facegen_keras", "check")])
def test_missing_package_fails_with_the_mend(tmp_path, faces_folder, command):
    """A `pandas` that cannot be imported stands for any broken package."""
    (tmp_path / "pandas.py").write_text("raise ImportError('broken on purpose')")
    result = check(tmp_path, command, FACEGEN_DATA=str(faces_folder), PYTHONPATH=str(tmp_path))
    assert result.returncode == 1
    failures = [line for line in result.stdout.splitlines() if line.startswith("FAIL")]
    assert any("pandas" in line and "pip install -r requirements.txt" in line for line in failures)
    assert "Traceback" not in result.stdout + result.stderr
