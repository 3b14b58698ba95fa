"""The wheel that `pip wheel .` builds, as somebody meets it who has no checkout of the project."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import facegen_keras as fg

ROOT = Path(__file__).parents[1]
INGREDIENTS = ("pyproject.toml", "requirements-package.txt", "README.md", "LICENSE")

USE = """
import facegen_keras as fg

fg.quiet()
assert "installed" in fg.__file__, fg.__file__
gan = fg.load_pretrained()
faces = gan.sample(2)
assert faces.shape == (2, 64, 64, 3) and faces.dtype == "uint8"
assert gan.refine(faces, {"Smiling": 1}).shape == (1, 2, 64, 64, 3)
fg.sample_faces.write_sample_faces("faces", count=20)
images, attributes = next(iter(fg.load_faces(image_size=32, batch_size=4, attributes=5, data="faces")))
assert images.shape == (4, 32, 32, 3) and attributes.shape == (4, 5)
"""

pytestmark = pytest.mark.slow


def run(*command, **options):
    """Run a command without the variables that would change what it does; returns its output."""
    unwanted = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")  # the second makes setuptools warn
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    environment |= options.pop("environment", {})
    result = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", **options
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


def assert_no_warning(output):
    """Warnings of Python and of setuptools; pip writes its own, on this machine's configuration, in capitals."""
    assert not re.search(r"[Ww]arning:", output), output


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what is built, since setuptools leaves files behind and builds what it finds of them."""
    source = tmp_path_factory.mktemp("wheel") / "source"
    shutil.copytree(ROOT / "facegen_keras", source / "facegen_keras", ignore=shutil.ignore_patterns("__pycache__"))
    for name in INGREDIENTS:
        shutil.copy(ROOT / name, source)
    return source


@pytest.fixture(scope="module")
def wheel(source):
    setuptools = int(importlib.metadata.version("setuptools").split(".")[0])
    isolation = ["--no-build-isolation"] if setuptools >= 77 else []  # else pip downloads a newer one
    folder = source.parent / "wheels"
    files = {path.relative_to(source).as_posix() for path in (source / "facegen_keras").rglob("*") if path.is_file()}
    output = run(
        *[sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps", *isolation, "--wheel-dir", folder, source]
    )
    assert_no_warning(output)
    (wheel,) = folder.iterdir()
    assert files == {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    return wheel


def test_wheel_has_one_top_level_name_and_requires_no_jupyter(wheel):
    archive = zipfile.ZipFile(wheel)
    places = {name.partition("/")[0] for name in archive.namelist()}
    (info,) = (place for place in places if place.endswith(".dist-info"))
    assert places == {"facegen_keras", info}
    required = re.findall(r"^Requires-Dist: (\w+)[^;\n]*$", archive.read(f"{info}/METADATA").decode(), re.M)
    expected = re.findall(r"^\w+", (ROOT / "requirements-package.txt").read_text(encoding="utf-8"), re.M)
    assert required == expected and "jupyter" not in required


def test_wheel_says_the_version_and_the_extras_that_are_documented(wheel):
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA"))
    assert re.findall(r"^Version: (.*)$", metadata, re.M) == [fg.__version__]
    table = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8").partition("| extra |")[2]
    extras = re.findall(r"^Provides-Extra: (.*)$", metadata, re.M)
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.M)) == sorted(extras)


def test_installed_wheel_works_from_an_empty_folder(wheel, tmp_path):
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    run(sys.executable, "-m", "pip", "install", "--no-deps", "--no-compile", "--target", installed, wheel)
    empty.mkdir()
    environment = {"PYTHONPATH": str(installed), "FACEGEN_CACHE": str(tmp_path / "cache")}
    run(sys.executable, "-c", USE, cwd=empty, environment=environment)
    run(
        *[sys.executable, "-m", "facegen_keras", "sample", "-n", "2", "--out", "grid.png"],
        cwd=empty,
        environment=environment,
    )
    assert (empty / "grid.png").stat().st_size > 0


def test_editable_install_prints_no_warning(source, tmp_path):
    """As `make` installs: it asks setuptools for this."""
    if int(importlib.metadata.version("setuptools").split(".")[0]) < 77:
        pytest.skip("needs setuptools 77")
    build = "import sys; from setuptools import build_meta; build_meta.build_editable(sys.argv[1])"
    assert_no_warning(run(sys.executable, "-c", build, tmp_path, cwd=source))
