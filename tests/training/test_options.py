import json

import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.training.options import RUN_OPTIONS, as_read, check_options, read_options

GOOD = {"recipe": "dcgan2", "seed": 0, "images": None, "data": "faces", "faces": "0", "epochs": 2} | RUN_OPTIONS
ALL = GOOD | {"image_size": [32, 16], "attributes": ["Male"], "batch_size": 8, "crop": 108, "flip": True}


def write(run, text):
    run.mkdir(exist_ok=True)
    (run / "options.json").write_text(text, encoding="utf-8")


def test_options_that_a_run_may_have(tmp_path):
    for options in (GOOD, ALL, GOOD | {"attributes": 5, "images": 0.5, "random_select": 8, "schedule": "ratio:5"}):
        write(tmp_path / "run", json.dumps(options))
        assert read_options(tmp_path / "run") == options


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "empty"),
        (" \n", "empty"),
        (json.dumps(GOOD)[:-9], "column"),
        ("[1, 2]", "object"),
        ("\x00" * 40, "Expecting value"),
        ("[" * 100_000, "recursion"),
        (json.dumps({"recipe": "dcgan2"}), "data, faces"),
    ],
)
def test_damaged_file_is_named_with_the_mend(tmp_path, text, message):
    write(tmp_path / "run", text)
    with pytest.raises(ValueError, match=f"run.options.json cannot be used .*{message}.*start another run"):
        read_options(tmp_path / "run")


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": 5},
        {"recipe": "dcgan9"},
        {"recipe": 5},
        {"recipe": ["dcgan2"]},
        {"epochs": 2.0},
        {"epochs": "2"},
        {"epochs": 0},
        {"every": True},
        {"keep": 0},
        {"save_minutes": 0},
        {"save_minutes": "10"},
        {"seed": -1},
        {"data": None},
        {"ema_decay": float("nan")},
        {"cooldown": "1"},
        {"cooldown": 1.5},
        {"images": float("inf")},
        {"images": 1.5},
        {"seed": 2**32},
        {"ema_decay": 1.0},
        {"batch_size": 0},
        {"balance": "8"},
        {"crop": 179},
        {"image_size": 0},
        {"image_size": 10**5},
        {"image_size": [16]},
        {"image_size": [16, None]},
        {"image_size": [[16], [16]]},
        {"attributes": {"Male": 1}},
        {"flip": 1},
        {"schedule": "ratio:0"},
        {"dtype_policy": "float8"},
    ],
    ids=str,
)
def test_what_no_run_was_started_with_is_refused_by_name(tmp_path, change):
    write(tmp_path / "run", json.dumps(ALL | change))
    with pytest.raises(ValueError, match=f"options.json.*{next(iter(change))}"):
        read_options(tmp_path / "run")


def test_what_train_is_given_is_written_as_it_is_read(tmp_path, faces_folder):
    given = as_read({"image_size": (16, 8), "seed": np.int64(3), "data": tmp_path, "schedule": fg.Ratio(2)})
    assert given == {"image_size": [16, 8], "seed": 3, "data": str(tmp_path), "schedule": "Ratio(ratio=2)"}
    check_options(GOOD | {"seed": given["seed"]})
    for wrong in ({"epochs": 1.5}, {"schedule": fg.Ratio(2)}, {"batch_size": "8"}, {"ema_decay": float("nan")}):
        with pytest.raises((ValueError, TypeError), match=next(iter(wrong))):
            fg.train(tmp_path / "run", "dcgan2", data=faces_folder, **wrong)
        assert not (tmp_path / "run").exists()
