"""Write docs/reference.md: every public name and every command, with the first sentence of what it says of itself.

    python tools/reference_page.py docs/reference.md

Write it anew after a new name, a new command or another first sentence: a test compares it with the code.
"""

import argparse
import importlib
import inspect
import re
from itertools import groupby

import facegen_keras as fg
from facegen_keras.__main__ import _parser
from facegen_keras.files import write_atomically

HEAD = """# Reference

Every public name of the package (`import facegen_keras as fg`) and every command, with the first sentence of what it
says of itself. The rest: `help(fg.kid)`, and `python -m facegen_keras train --help`. What the arguments of recipes and
trainings do is told in [knobs](knobs.md). `fg.quiet()`, called before anything else, mutes TensorFlow's logs."""
CONSTANTS = {  # which have no words of their own
    "ATTRIBUTES": "The names of CelebA's 40 attributes",
    **{f"ATTRIBUTES_{n}": f"The {n} of them that `attributes={n}` means" for n in (1, 2, 5, 8, 23)},
    "RECIPES": "Every recipe by its name",
}


def first_sentence(text):
    """The first sentence of a docstring, without its full stop."""
    paragraph = " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())
    return re.split(r"(?<! al)\. ", paragraph)[0].removesuffix(".")


def reference():
    """The whole page as text."""
    lines = [HEAD]
    for room, names in groupby(fg._HOMES, lambda name: fg._HOMES[name].partition(".")[0]):
        told = importlib.import_module(f"facegen_keras.{room}").__doc__
        lines += ["", f"## `{room}`", "", f"{first_sentence(told)}.", "", "| name | what it is |", "|---|---|"]
        lines += [
            f"| `fg.{name}` | {CONSTANTS.get(name) or first_sentence(getattr(fg, name).__doc__)} |" for name in names
        ]
    lines += ["", "## Commands", "", "| `python -m facegen_keras` | what it does |", "|---|---|"]
    verbs = next(action.choices for action in _parser()._actions if action.choices)
    lines += [f"| `{name}` | {verb.description.removesuffix('.')} |" for name, verb in verbs.items()]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", help="the page to write")
    options = parser.parse_args()
    fg.quiet()
    with write_atomically(options.out) as page:
        page.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
