"""Damaged options and histories of runs: each is read as what it is, or refused by an error with its name."""

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facegen_keras.data.attributes import ATTRIBUTES, resolve_attributes
from facegen_keras.data.images import check_size
from facegen_keras.training.history import lowest_kid, read_history
from facegen_keras.training.options import RUN_OPTIONS, read_options, recipe_of
from fuzzing import CUTS, NASTY, change_json, damage, edits, fuzz, json_bytes, json_changes, one_of, read_or_refuse

pytestmark = pytest.mark.fuzz

STARTED = {"recipe": "dcgan2", "seed": 0, "images": None, "data": "faces", "faces": "0", "epochs": 2} | RUN_OPTIONS
STARTED |= {"image_size": [32, 16], "attributes": ["Male"], "batch_size": 8, "crop": 108, "flip": True}
STARTED |= {"schedule": "ratio:5", "ema_decay": 0.9, "random_select": 8, "balance": "Male", "jit_compile": "auto"}
OPTIONS = [STARTED, STARTED | {"recipe": "modern", "image_size": 16}, {**STARTED, "images": 0.5, "attributes": 5}]
NASTY_OPTIONS = [*NASTY, *STARTED, "udacity", "dcgan5", "ratio:0", "accuracy:nan", "decay:1:2:3:4", "float8"]
# fmt: off
JSON_PIECES = [text.encode() for text in (
    "[" * 2_000, '{"a":' * 2_000, "]", "}", ",", '"', "\\", "\\ud800", "NaN", "Infinity", "-", "1e999", "9" * 5_000,
    "null", "true", '"seed": 3,', "\0", "\ufeff", "//", "'", "\n",
)] + [b"\xff\xfe", b"\xc3"]
# fmt: on


def is_count(value, least, below=2**32):
    return type(value) is int and least <= value < below


def is_amount(value):
    return value is None or is_count(value, 1) or type(value) is float and 0 < value <= 1


@fuzz("options.json")
@given(
    options=st.sampled_from(OPTIONS),
    damages=one_of((json_changes(NASTY_OPTIONS), []), (edits(JSON_PIECES), []), (st.floats(0, 1), 1.0)),
)
def test_options(options, damages, tmp_path):
    (changes, bytes_changed, cut), file = damages, tmp_path / "options.json"
    file.write_bytes(damage(json_bytes(change_json(options, changes)), bytes_changed, cut))
    read = read_or_refuse("options.json", read_options, tmp_path, "options.json")
    if read is None:
        return
    recipe = recipe_of(read)
    assert read == json.loads(file.read_text(encoding="utf-8"))
    assert is_count(read["seed"], 0, 2**32) and is_count(read["epochs"], 1) and is_count(read["every"], 1)
    assert is_count(read["keep"], 1) and 0 < read["save_minutes"] < 2**32
    assert is_count(recipe.batch_size, 1, 2**32) and is_amount(recipe.images) and is_amount(recipe.random_select)
    assert 0 <= recipe.ema_decay < 1 and set(recipe.attributes) <= set(ATTRIBUTES)
    assert len(resolve_attributes(read.get("balance"))) <= 1
    assert math.prod(check_size(recipe.size, recipe.crop)) <= 1e8
    assert type(read["data"]) is type(read["faces"]) is str


CELLS = [text.encode() for text in (
    "nan", "NaN", "inf", "-inf", "Infinity", "1e999", "1_0", "+1", " 1", "٣", "0x1", "1e0", "0", "-1", "1.5", "9" * 400,
    "9" * 30, ",", ",,", "\n", "\r", "\r\n", "\n\n", "\x1c", "\u2028", "\f", "\0", '"', "\ufeff", "epoch", "kid", "one",
    "4,0.5,1.0\n", "1,0.125,0\n", "\n3,0,0,0\n",
)] + [b"\xff"]  # fmt: skip
HISTORY = "epoch,kid,g_loss\n1,0.5,1.0\n2,,0.1\n3,0.25,2e-05\n"
NUMBER = re.compile(r"-?(inf|\d+(\.\d*)?(e[-+]?\d+)?)", re.ASCII | re.IGNORECASE)


def expected_history(text):
    """A second reading of a history, as simple as can be: {epoch: {name: text of the value}}."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1] or [""]
    names, rows = lines[0].split(","), {}
    for line in lines[1:]:
        cells = line.split(",")
        row = dict(zip(names, cells))
        is_row = len(cells) == len(names) == len(row) and all(NUMBER.fullmatch(cell) or not cell for cell in cells)
        is_row = is_row and "" not in row and all(name.isprintable() and name.isascii() for name in row)
        epoch = float(row.get("epoch") or "nan") if is_row else math.nan
        if 1 <= epoch <= 1e9 and epoch == int(epoch):
            rows[int(epoch)] = numbers_of(row) | {"epoch": int(epoch)}
    return rows


def numbers_of(row):
    return {name: float(cell) for name, cell in row.items() if cell}


@fuzz("history.csv")
@given(changes=edits(CELLS), cut=CUTS)
def test_histories(changes, cut, tmp_path):
    file = tmp_path / "history.csv"
    file.write_bytes(damage(HISTORY.encode(), changes, cut))
    rows = read_or_refuse("history.csv", read_history, tmp_path, "history.csv")
    found = {row["epoch"]: {name: value for name, value in row.items() if not math.isnan(value)} for row in rows}
    assert found == expected_history(file.read_bytes().decode(errors="replace"))
    assert list(found) == sorted(found) and math.isfinite(lowest_kid(rows, 9.0))
