"""The tool trains variants one after another, measures them, and goes on where it was interrupted."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

import facegen_keras as fg
from facegen_keras.data.sample_faces import write_sample_faces

TOOL = Path(__file__).parents[2] / "tools" / "experiments.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("experiments", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_variants_are_trained_measured_and_tabulated_once(tool, tmp_path):
    faces, out = write_sample_faces(tmp_path / "faces", count=100), tmp_path / "out"
    given = ["--data", str(faces), "--out", str(out), "--images", "64", "--epoch", "32", "--seeds", "0", "--count", "8"]
    given += ["--image-size", "16", "--reject", "0.5"]
    tool.main([*given, "plain"])
    weights, result = out / "plain_0" / "gan.keras", out / "plain_0" / "result.json"
    trained, rows = weights.stat().st_mtime_ns, result.read_text()
    result.unlink()  # as if it had been interrupted while it measured
    tool.main([*given, "plain", "gamma+ema"])
    assert weights.stat().st_mtime_ns == trained and result.read_text() == rows
    table = pd.read_csv(out / "experiments.csv")
    assert table.variant.tolist() == ["gamma+ema"] * 2 + ["plain"] * 2 and table.reject.tolist() == [0, 0.5] * 2
    assert (table.images == 64).all() and table["images/s"].gt(0).all() and table["recall (faces)"].between(0, 1).all()
    header, _, *lines = (out / "experiments.md").read_text().splitlines()
    assert header.startswith("| variant | seed | images |") and len(lines) == 4 and "| 50% |" in lines[-1]
    with pytest.raises(ValueError, match="choose another folder"):
        tool.main([*given[:5], "96", *given[6:], "plain"])


def test_every_variant_is_a_recipe(tool):
    modern = fg.RECIPES["modern"]
    for images in (64, 100_000):
        for name in tool.variants(images):
            recipe = tool.changed(modern, name, images)
            recipe.check()
            assert (recipe == modern) == (name == "plain")


def test_variants_are_joined(tool):
    """Changes of one function add up."""
    recipe = tool.changed(fg.RECIPES["modern"], "unmodulated+width_48+gamma+dropout_10", 320)
    assert recipe.generator.keywords == {"modulated": False, "width": 48}
    assert recipe.loss.attribute_dropout == 0.1 and recipe.loss.mismatch == "shuffle"
    assert [float(recipe.loss.gamma(step)) for step in (5, 10)] == pytest.approx([1.0, 0.1])


def test_a_variant_that_is_not_there_is_named(tool, tmp_path, capsys):
    with pytest.raises(SystemExit):
        tool.main(["--out", str(tmp_path), "--images", "64", "plane"])
    assert "no variant plane: expected some of plain" in capsys.readouterr().err
