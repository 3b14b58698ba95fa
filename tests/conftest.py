"""Fixtures: tiny data sets, and a cache folder of the tests' own; and what fuzzing has tried."""

import os
import shutil

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # tests run side by side, and take longer where they contend for the cores
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

import fuzzing
from facegen_keras.data.sample_faces import write_sample_faces
from helpers import write_official


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory):
    """A cache folder of the session's own: tests leave the user's alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACEGEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def tiny_celeba(tmp_path_factory):
    """A session's read-only data set of 20 pictures, official layout."""
    return write_official(tmp_path_factory.mktemp("tiny") / "celeba")


@pytest.fixture
def celeba(tiny_celeba, tmp_path):
    """A copy of the tiny data set that a test may damage."""
    return shutil.copytree(tiny_celeba, tmp_path / "celeba")


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """An empty cache folder, no FACEGEN_DATA, and an empty working directory."""
    monkeypatch.setenv("FACEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FACEGEN_DATA", raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def faces_folder(tmp_path_factory):
    """24 sample faces in the official layout."""
    return write_sample_faces(tmp_path_factory.mktemp("faces") / "faces", count=24)


def pytest_terminal_summary(terminalreporter):
    """What `make fuzz` has tried, of each kind of input."""
    if "FUZZ" in os.environ:
        total = sum(count.total() for count in fuzzing.TRIED.values())
        terminalreporter.write_line(f"{total:,} damaged inputs:")
        for kind, count in fuzzing.TRIED.items():
            outcomes = ", ".join(f"{count[outcome]:,} {outcome}" for outcome in ("refused", "read"))
            terminalreporter.write_line(f"  {count.total():,} {kind}: {outcomes}")
