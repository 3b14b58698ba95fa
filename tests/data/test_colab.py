"""Google Drive as the place of results, with a stand-in for Colab's own package, which exists nowhere else."""

import sys
import types
from pathlib import Path

import pytest

from facegen_keras.data import colab
from facegen_keras.data.colab import mount_drive
from facegen_keras.data.download import download_celeba
from facegen_keras.data.layouts import find_data, project_folder, workspace
from helpers import write_official


@pytest.fixture
def runtime(own_cache, monkeypatch):
    """An empty working directory, and no workspace named yet; what a test names is forgotten after it."""
    monkeypatch.setenv("FACEGEN_WORKSPACE", "")


@pytest.fixture
def drive(runtime, tmp_path, monkeypatch):
    """Colab's `drive.mount`, and a folder where the Drive is."""
    mountpoint = tmp_path / "drive"
    drive = types.SimpleNamespace(mount=lambda path: Path(path, "MyDrive").mkdir(parents=True, exist_ok=True))
    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(drive=drive))
    monkeypatch.setattr(colab, "MOUNTPOINT", mountpoint)
    return mountpoint / "MyDrive"


def test_results_go_to_the_drive_and_data_stay_off_it(drive):
    """Reading 200,000 small files through the Drive would take hours, and it has no links."""
    for _ in range(2):  # a cell may be run again
        assert mount_drive() == workspace() == drive / "facegen_keras"
    assert workspace().is_dir()
    celeba = write_official(Path.cwd() / "data" / "celeba")
    assert project_folder() == Path.cwd() and find_data() == celeba
    assert mount_drive("elsewhere/faces") == workspace() == drive / "elsewhere" / "faces"


def test_without_colab_nothing_changes(runtime, caplog):
    caplog.set_level("INFO", "facegen_keras")
    assert mount_drive() == workspace() == Path.cwd()
    assert "not Colab" in caplog.text and str(Path.cwd()) in caplog.text
    assert not list(Path.cwd().iterdir())


def test_a_workspace_that_is_named_is_told_whole(runtime, monkeypatch):
    monkeypatch.setenv("FACEGEN_WORKSPACE", "results")
    assert workspace() == Path.cwd() / "results"


def test_downloading_says_the_terms(runtime, monkeypatch, caplog):
    def offline(handle):
        raise ConnectionError("no network")

    caplog.set_level("INFO", "facegen_keras")
    monkeypatch.setattr("kagglehub.dataset_download", offline)
    with pytest.raises(RuntimeError, match="non-commercial research only"):
        download_celeba()
    assert "non-commercial research only" in caplog.text
