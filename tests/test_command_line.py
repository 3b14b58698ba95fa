"""How the command line starts: at once, and TensorFlow only where it is needed."""

import subprocess
import sys
import time

import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.__main__ import _parser, main

LIMIT = 2  # seconds
HEAVY = {"tensorflow", "keras", "numpy", "pandas", "matplotlib", "PIL"}
LOADED = """
import sys
from facegen_keras.__main__ import main

for command in {commands}:
    try:
        assert main(command) == 0, command
    except SystemExit as end:
        assert end.code == (2 if "trian" in command else 0), command
found = {heavy} & set(sys.modules)
assert not found, found
"""


def run_python(*arguments):
    result = subprocess.run([sys.executable, *arguments], capture_output=True, encoding="utf-8")
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_help_is_there_in_two_seconds():
    def seconds():
        start = time.perf_counter()
        assert "contact-sheet" in run_python("-m", "facegen_keras", "--help")
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < LIMIT


def test_help_versions_and_wrong_verbs_load_nothing():
    commands = [["--help"], ["train", "--help"], ["check", "--help"], ["--version"], ["trian"]]
    run_python("-c", LOADED.format(commands=commands, heavy=HEAVY))


@pytest.mark.slow
def test_pictures_are_inspected_and_laid_out_without_tensorflow(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    picture, sheet = str(tmp_path / "a.png"), str(tmp_path / "sheet.png")
    commands = [["inspect", picture], ["contact-sheet", picture, "--out", sheet]]
    run_python("-c", LOADED.format(commands=commands, heavy={"tensorflow", "keras"}))


def test_every_verb_says_what_it_does(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    verbs = next(action.choices for action in _parser()._actions if action.choices)
    assert len(verbs) > 15
    for verb, parser in verbs.items():
        assert f"    {verb}" in told and parser.description.endswith(".")


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.split() == ["facegen_keras", fg.__version__]


def test_recipes_are_listed(capsys):
    assert main(["recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(fg.RECIPES)
