"""The commands that documents and workflows name are commands that there are."""

import re
import runpy
import shlex
from pathlib import Path

import pytest
import yaml

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


def test_the_reference_lists_every_name_and_command_as_it_is():
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert runpy.run_path(str(ROOT / "tools" / "reference_page.py"))["reference"]() == written


def test_there_are_commands_to_look_at():
    assert sum(len(list(commands_of(page))) for page in PAGES) > 20


WORKFLOWS = [*ROOT.glob(".github/workflows/*.yml")]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
def test_what_a_workflow_runs_is_there(workflow):
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    lines = " ; ".join(step["run"] for job in jobs.values() for step in job["steps"] if "run" in step)
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    made, tools = re.findall(r"\bmake ([\w-]+)", lines), re.findall(r"\bpython (\S+)", lines)
    assert made and set(made) <= set(targets)
    assert all((ROOT / tool).is_file() for tool in tools)
    for job in jobs.values():
        assert set([job["needs"]] if "needs" in job else []) <= set(jobs)
