"""Downloading CelebA."""

import sys
from pathlib import Path

import pytest

from facegen_keras.data import download
from facegen_keras.data.download import download_celeba
from facegen_keras.data.layouts import find_data
from helpers import load_small, order_of, write_kaggle

pytestmark = pytest.mark.usefixtures("own_cache")


def test_download_puts_a_complete_set_in_its_place(tmp_path, monkeypatch):
    arrived = write_kaggle(tmp_path / "kaggle")
    fetched = []
    monkeypatch.setattr("kagglehub.dataset_download", lambda handle: fetched.append(handle) or str(arrived))
    monkeypatch.setattr(download, "CELEBA_PICTURES", 20)
    folder = download_celeba("data/celeba")
    assert fetched == ["jessicali9530/celeba-dataset"] and find_data().resolve() == folder.resolve()
    assert sorted(order_of(load_small(None, batch_size=20))) == list(range(1, 21))
    assert download_celeba("data/celeba") == folder and len(fetched) == 1


def test_download_that_lacks_pictures_or_fails_says_what_to_do(tmp_path, monkeypatch):
    arrived = write_kaggle(tmp_path / "kaggle")
    monkeypatch.setattr("kagglehub.dataset_download", lambda handle: str(arrived))
    with pytest.raises(RuntimeError, match="202,599"):
        download_celeba()

    def offline(handle):
        raise ConnectionError("no network")

    monkeypatch.setattr("kagglehub.dataset_download", offline)
    with pytest.raises(RuntimeError, match="no network"):
        download_celeba()
    assert not Path("data/celeba").exists()
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(ImportError, match="kagglehub"):
        download_celeba()
