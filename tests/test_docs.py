"""The commands that the documents name are commands that there are."""

import re
import shlex
from pathlib import Path

import pytest

from facegen_keras.__main__ import _parser

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
COMMAND = "python -m facegen_keras "


def commands_of(page):
    """The command lines of the package in the shell blocks of a page, each in one line."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if COMMAND in line and "--help" not in line:
                yield re.split(r"[&|;]", line.split(COMMAND, 1)[1])[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_option_of_a_command_in_a_document_exists(page):
    for command in commands_of(page):
        _parser().parse_args(shlex.split(command, comments=True))


def test_there_are_commands_to_look_at():
    assert sum(len(list(commands_of(page))) for page in PAGES) > 20
