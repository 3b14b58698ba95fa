import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from facegen_keras import check_env

PACKAGE = Path(check_env.__file__).parent


def test_oldest_versions_are_those_of_the_requirements():
    requirements = (PACKAGE.parent / "requirements-package.txt").read_text(encoding="utf-8")
    found = re.findall(r"^(\w+)>=([\d.]+)", requirements, re.M)
    bounds = {name: tuple(map(int, version.split("."))) for name, version in found}
    assert bounds == check_env.LEAST_VERSIONS


def test_oldest_versions_are_said():
    assert "oldest: 3.10" in check_env.check_python()
    line = check_env.check_packages()
    assert all(name in line for name in check_env.LEAST_VERSIONS) and "oldest: 2.16" in line


def test_an_old_package_fails(monkeypatch):
    monkeypatch.setitem(check_env.LEAST_VERSIONS, "keras", (99, 1))
    with pytest.raises(check_env.Failure, match="99.1"):
        check_env.check_packages()


def test_it_says_first_that_it_draws_faces(own_cache, monkeypatch, capsys):
    monkeypatch.setattr("facegen_keras.data.layouts.SAMPLE_FACES", 4)
    monkeypatch.setattr(check_env, "CHECKS", (check_env.check_data,))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")  # so that quiet() leaves this process as it is
    assert check_env.main() == 0
    said = capsys.readouterr().out
    assert said.index("Drawing 4") < said.index("ok    4 faces")


def check(tmp_path, command=("facegen_keras", "check"), folder=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", *command],
        env=os.environ | {"FACEGEN_CACHE": str(tmp_path / "cache")} | environment,
        cwd=folder,
        capture_output=True,
        text=True,
    )


def failures_of(result):
    assert "Traceback" not in result.stdout + result.stderr
    return [line for line in result.stdout.splitlines() if line.startswith("FAIL")]


@pytest.mark.slow
def test_a_working_environment_passes(tmp_path, faces_folder):
    result = check(tmp_path, FACEGEN_DATA=str(faces_folder))
    assert result.returncode == 0 and not failures_of(result), result.stdout
    for word in ("tensorflow", "24 faces", "training step", "generator", "attribute network", "refined"):
        assert any(line.startswith("ok") and word in line for line in result.stdout.splitlines()), word


@pytest.mark.slow
@pytest.mark.parametrize("command", [("facegen_keras.check_env",), ("facegen_keras", "check")])
def test_a_missing_package_fails_with_the_mend(tmp_path, faces_folder, command):
    """A `pandas` that cannot be imported stands for any broken package."""
    (tmp_path / "pandas.py").write_text("raise ImportError('broken on purpose')", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(PACKAGE.parent)])
    result = check(tmp_path, command, FACEGEN_DATA=str(faces_folder), PYTHONPATH=path)
    assert result.returncode == 1
    assert any('pip install "pandas>=2.0"' in line for line in failures_of(result))


@pytest.mark.slow
def test_every_failure_is_named_with_its_mend(tmp_path):
    """Data that is missing, and a network that cannot be loaded; the other checks go on."""
    package = shutil.copytree(PACKAGE, tmp_path / "facegen_keras", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "assets" / "attribute_network.npz").write_bytes(b"not weights")
    result = check(tmp_path, folder=tmp_path, FACEGEN_DATA=str(tmp_path / "nowhere"), PYTHONPATH=str(tmp_path))
    assert result.returncode == 1 and "generator draws" in result.stdout
    failures = failures_of(result)
    assert any("nowhere" in line and "FACEGEN_DATA" in line for line in failures)
    assert any("attribute_network.npz" in line for line in failures)
