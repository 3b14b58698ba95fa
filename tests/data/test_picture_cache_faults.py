"""Damaged caches, full disks, and what killed builds leave behind."""

import collections
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from facegen_keras.data import picture_cache
from facegen_keras.data.layouts import find_layout
from facegen_keras.data.picture_cache import load_pictures
from helpers import load_small, order_of

pytestmark = pytest.mark.usefixtures("own_cache")


def test_array_without_its_report_or_cut_short_is_made_again(tiny_celeba, own_cache):
    load_small(tiny_celeba)
    array, report = next(own_cache.glob("*.npy")), next(own_cache.glob("*.json"))
    text = report.read_text(encoding="utf-8")
    report.unlink()
    np.save(array, np.zeros((20, 8, 8, 3), np.uint8))
    assert sorted(order_of(load_small(tiny_celeba))) == list(range(1, 21))
    assert report.read_text(encoding="utf-8") == text
    array.write_bytes(array.read_bytes()[:500])
    assert sorted(order_of(load_small(tiny_celeba))) == list(range(1, 21))


def test_what_a_killed_build_left_is_deleted_but_not_a_build_under_way(tiny_celeba, own_cache):
    load_small(tiny_celeba)
    array = next(own_cache.glob("*.npy"))
    left, growing = (array.with_name(f".{array.stem}-{number}.npy") for number in (1, 2))
    array.rename(left)
    os.utime(left, (0, 0))
    growing.write_bytes(b"")
    assert sorted(order_of(load_small(tiny_celeba))) == list(range(1, 21))
    assert array.exists() and growing.exists() and not left.exists()


def test_full_disk_is_refused_before_writing(tiny_celeba, own_cache, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")(1, 1, 100)
    monkeypatch.setattr(picture_cache.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(OSError, match="FACEGEN_CACHE"):
        load_small(tiny_celeba)
    assert not list(own_cache.iterdir())


def test_cache_folder_that_cannot_be_made(tmp_path, tiny_celeba, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("FACEGEN_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match="FACEGEN_CACHE"):
        load_small(tiny_celeba)


def damage_zeros(array, report):
    with open(array, "r+b") as opened:
        opened.seek(-8 * 8 * 8 * 3, os.SEEK_END)
        opened.write(bytes(8 * 8 * 8 * 3))


def change_report(**changes):
    def change(array, report):
        values = json.loads(report.read_text(encoding="utf-8")) | changes
        report.write_text(json.dumps(values), encoding="utf-8")

    return change


DAMAGES = {
    "an empty array": lambda array, report: array.write_bytes(b""),
    "an array of zeros": lambda array, report: array.write_bytes(bytes(array.stat().st_size)),
    "rows that became zeros": damage_zeros,
    "an array of another shape": lambda array, report: np.save(array, np.zeros((20, 8, 9, 3), np.uint8)),
    "an array of another type": lambda array, report: np.save(array, np.zeros((20, 8, 8, 3), np.int8)),
    "an archive for an array": lambda array, report: array.write_bytes(b"PK\5\6" + bytes(18)),
    "an empty report": lambda array, report: report.write_bytes(b""),
    "a report that is no text": lambda array, report: report.write_bytes(b"\xff{}"),
    "a report that is a list": lambda array, report: report.write_text("[]", encoding="utf-8"),
    "a report without end": lambda array, report: report.write_text("[" * 100_000, encoding="utf-8"),
    "a report of another state": change_report(fingerprint="0" * 16),
    "a report of another crop": change_report(crop=108),
    "a report that skips a number": change_report(skipped=7),
    "a report that skips a list": change_report(skipped=["000001.jpg"]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_cache_is_made_again(damage, tiny_celeba, own_cache):
    load_pictures(find_layout(tiny_celeba), 8)
    array, report = next(own_cache.glob("*.npy")), next(own_cache.glob("*.json"))
    sound = array.read_bytes(), report.read_bytes()
    DAMAGES[damage](array, report)
    _, decoded = load_pictures(find_layout(tiny_celeba), 8)
    assert decoded.all()
    assert (array.read_bytes(), report.read_bytes()) == sound


def look_while_decoding(monkeypatch, look):
    decode = picture_cache.decode

    def looking(source, size, crop):
        look()
        return decode(source, size, crop)

    monkeypatch.setattr(picture_cache, "decode", looking)


@pytest.mark.skipif(os.name == "nt", reason="Windows counts no blocks")
@pytest.mark.parametrize("can_reserve", [True, False])
def test_disk_space_is_taken_before_decoding(can_reserve, tiny_celeba, own_cache, monkeypatch):
    if not can_reserve:  # as on macOS
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    taken = []
    look_while_decoding(monkeypatch, lambda: taken.append(next(own_cache.glob(".*.npy")).stat().st_blocks * 512))
    load_pictures(find_layout(tiny_celeba), 64)
    assert min(taken) >= 20 * 64 * 64 * 3


DECODE_ON_A_FULL_DISK = """
import sys
from pathlib import Path
import numpy as np
from facegen_keras.data import picture_cache
from facegen_keras.data.folder import cache_folder
from facegen_keras.data.layouts import find_layout

faces = find_layout(sys.argv[1])
other = cache_folder() / "other"

def decode(source, size, crop):
    if source.name == faces.names[0]:
        with open(other, "wb", buffering=0) as opened:
            try:
                while opened.write(bytes(4096)):
                    pass
            except OSError:
                pass
    if source.name == faces.names[-1]:
        other.unlink()
    return np.full((*size, 3), 7, np.uint8), []

picture_cache.decode, picture_cache.CHUNK = decode, 1
assert (picture_cache.load_pictures(faces, 64)[0] == 7).all()
"""


def test_a_disk_that_others_fill_while_faces_are_decoded(tiny_celeba, own_cache):
    """SIGBUS used to kill the process."""
    own_cache.mkdir()
    on_a_small_disk = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=1m none "$0" && exec "$@"', str(own_cache)]
    if not shutil.which("unshare") or subprocess.run([*on_a_small_disk, "true"], capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    program = [sys.executable, "-c", DECODE_ON_A_FULL_DISK, str(tiny_celeba)]
    done = subprocess.run([*on_a_small_disk, *program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_what_dead_builds_left_makes_room(tiny_celeba, own_cache, monkeypatch):
    """It used to count as taken, and to block the next try."""
    fcntl = pytest.importorskip("fcntl")
    own_cache.mkdir()
    dead, alive = (own_cache / f".128x128-{'0' * 16}-{'1' * 16}-{part}.npy" for part in ("dead", "alive"))
    dead.write_bytes(b"\x93NUMPY")
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(picture_cache.shutil, "disk_usage", lambda _: usage(1, 1, 0 if dead.exists() else 10**9))
    with open(alive, "wb") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        opened.write(b"\x93NUMPY")
        opened.flush()
        load_pictures(find_layout(tiny_celeba), 8)
    assert alive.exists() and not dead.exists()


def test_a_build_under_way_is_not_dead(tiny_celeba, own_cache, monkeypatch):
    pytest.importorskip("fcntl")
    seen = []
    look_while_decoding(monkeypatch, lambda: seen.extend(map(picture_cache._is_dead, own_cache.glob(".*.npy"))))
    load_pictures(find_layout(tiny_celeba), 8)
    assert seen == [False] * 20
