"""What a run was started with: `options.json`, checked whenever it is read."""

import json
import math
from pathlib import Path

from facegen_keras.checks import LARGEST_SEED, check_whole
from facegen_keras.data.selection import resolve_balance
from facegen_keras.files import write_atomically
from facegen_keras.training.recipes import RECIPES

OPTIONS = "options.json"
RECIPE_OPTIONS = (
    *("image_size", "attributes", "schedule", "cooldown", "ema_decay", "dtype_policy", "batch_size", "crop", "flip"),
    *("images", "random_select", "jit_compile", "steps_per_execution", "gradient_accumulation_steps"),
    "guide",
)
DATA_OPTIONS = ("data", "balance", "num_parallel_calls")
START_OPTIONS = ("weights", "learning_rate")  # what a new run starts from
RUN_OPTIONS = {"every": 1, "save_minutes": 10, "keep": 2, "tensorboard": False}  # how a run is kept, and the defaults
LEAST = {"seed": 0, "epochs": 1, "every": 1, "keep": 1}

_ALWAYS_THERE = {
    **{"recipe": (str,), "data": (str,), "faces": (str,), "seed": (int,), "epochs": (int,), "every": (int,)},
    **{"save_minutes": (int, float), "keep": (int,), "tensorboard": (bool,), "images": (int, float, type(None))},
}
_KINDS = _ALWAYS_THERE | {  # of lists, the members have one of the other kinds
    **{"image_size": (int, list), "batch_size": (int,), "crop": (int,), "flip": (bool,), "random_select": (int, float)},
    **{"attributes": (str, int, list), "balance": (str,), "schedule": (str,), "dtype_policy": (str,)},
    **{"ema_decay": (int, float), "cooldown": (int, float), "jit_compile": (bool, str), "steps_per_execution": (int,)},
    **{"gradient_accumulation_steps": (int,), "num_parallel_calls": (int,)},
    **{"guide": (str,), "weights": (str,), "learning_rate": (int, float)},
}
_NAMES = {
    **{str: "text", int: "a whole number", float: "a number", bool: "true or false", list: "a list of these"},
    type(None): "null",
}


def read_options(run):
    """Read the options that a run was started with, and check them.

    Args:
        run: its folder.

    Returns:
        A dict of the names in `options.json`.

    Raises:
        FileNotFoundError: the folder holds no `options.json`.
        ValueError: the file is damaged, or holds what no run was started with.
    """
    file = Path(run) / OPTIONS
    if not file.exists():
        raise FileNotFoundError(f"{file} is not there: without it {run} holds no run.")
    try:
        options = _parse(file.read_text(encoding="utf-8"))
        check_options(options)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{file} cannot be used ({error}): mend it, bring it back from a copy, or start another run."
        ) from error
    return options


def write_options(run, options):
    """Write the options of a run, as `read_options` reads them."""
    with write_atomically(Path(run) / OPTIONS) as file:
        file.write_text(json.dumps(options, indent=2) + "\n", encoding="utf-8")


def as_read(options):
    """Options as JSON gives them back: tuples become lists, numpy's numbers Python's, and other objects text."""
    return json.loads(json.dumps(options, default=lambda value: value.item() if hasattr(value, "item") else str(value)))


def check_options(options):
    """Check the names, types and ranges of a run's options.

    Raises:
        TypeError: an option has another type than it can have.
        ValueError: an option is missing, unknown, not finite or out of range.
    """
    if unknown := [name for name in options if name not in _KINDS]:
        raise ValueError(f"no such option: {', '.join(unknown)}; expected some of {', '.join(_KINDS)}")
    if missing := [name for name in _ALWAYS_THERE if name not in options]:
        raise ValueError(f"{', '.join(missing)} missing")
    for name, value in options.items():
        _check_kind(name, value)
    for name, least in LEAST.items():
        check_whole(name, options[name], least)
    for name in ("save_minutes", "learning_rate"):
        if name in options and not options[name] > 0:
            raise ValueError(f"{name}={options[name]}: expected a number over 0")
    resolve_balance(options.get("balance"))
    recipe_of(options).check()


def recipe_of(options):
    """The recipe of a run, with the options that override its fields."""
    name = options.get("recipe")
    if name not in RECIPES:
        raise ValueError(f"recipe {name!r}: expected one of {', '.join(RECIPES)}.")
    return RECIPES[name].override(**only(options, RECIPE_OPTIONS))


def only(options, names):
    """Those of the options that have one of these names."""
    return {name: options[name] for name in names if name in options}


def _parse(text):
    if not text.strip():
        raise ValueError("it is empty")
    options = json.loads(text)
    if not isinstance(options, dict):
        raise ValueError("it is no JSON object")
    return options


def _check_kind(name, value):
    kinds = _KINDS[name]
    members = value if isinstance(value, list) else [value]
    member_kinds = [kind for kind in kinds if kind is not list]
    if type(value) not in kinds or any(type(member) not in member_kinds for member in members):
        raise TypeError(f"{name}={value!r}: expected {' or '.join(_NAMES[kind] for kind in kinds)}")
    if any(isinstance(member, float) and not math.isfinite(member) for member in members):
        raise ValueError(f"{name}={value!r}: expected a finite number")
    if any(isinstance(member, int) and abs(member) > LARGEST_SEED for member in members):
        raise ValueError(f"{name}={value!r}: expected at most {LARGEST_SEED:,}")
    if name == "image_size" and isinstance(value, list) and len(value) != 2:
        raise ValueError(f"image_size={value!r}: expected one number, or height and width")
