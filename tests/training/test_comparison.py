import importlib.util
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.__main__ import main
from facegen_keras.data.sample_faces import write_sample_faces
from facegen_keras.training.recipes import PRESETS

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "results.md"
TERMS = {"minutes": 0.002, "count": 10, "verbose": 0}
FINDINGS = "\n## Findings\n\nThe source found one thing.\n\nWe found another.\n"


@pytest.fixture(scope="module")
def faces_folder(tmp_path_factory):
    """Enough for a batch of every recipe."""
    return write_sample_faces(tmp_path_factory.mktemp("faces") / "faces", count=100)


@pytest.fixture(scope="module")
def comparison(tmp_path_factory, faces_folder):
    """Of one recipe, and then of another one: a comparison that went on."""
    folder = tmp_path_factory.mktemp("comparison")
    first = fg.compare(folder, ["udacity"], data=faces_folder, **TERMS)
    assert first.index.tolist() == ["udacity"]
    done = (folder / "udacity" / "result.json").stat().st_mtime_ns
    command = ["compare", "--recipes", "dcgan1,udacity", "--minutes", "0.002", "-n", "10"]
    assert main([*command, "--out", str(folder), "--data", str(faces_folder)]) == 0
    assert (folder / "udacity" / "result.json").stat().st_mtime_ns == done
    return folder


@pytest.mark.slow
def test_recipes_are_compared_and_a_comparison_goes_on(comparison):
    table, sheet = fg.load_comparison(comparison)
    assert table.index.tolist() == ["dcgan1", "udacity"]  # the order of RECIPES
    assert (table["images_seen"] > 0).all() and (table["KID"] > 0).all()
    assert table.loc["dcgan1", "pixels"] == "32x32" and table.loc["udacity", "crop"] == 108
    assert 0 <= table.loc["dcgan1", "Male"] <= 1 and np.isnan(table.loc["udacity", "Male"])
    assert sheet.width > 10 * 64 and np.asarray(sheet).std() > 0


@pytest.mark.slow
def test_a_comparison_keeps_curves_and_pictures(comparison):
    curves = pd.read_csv(comparison / "dcgan1" / "curves.csv")
    assert {"minute", "d_loss", "g_loss", "d_real", "d_fake", "d_mismatch"} <= set(curves)
    assert curves.notna().all(axis=None)
    for name in ("faces.jpg", "attributes.jpg", "curves.png"):
        with Image.open(comparison / "dcgan1" / name) as picture:
            assert np.asarray(picture).std() > 0
    assert not (comparison / "udacity" / "attributes.jpg").exists()


@pytest.mark.slow
def test_pages_show_what_was_measured_and_keep_their_findings(comparison, tmp_path):
    spec = importlib.util.spec_from_file_location("results_pages", ROOT / "tools" / "results_pages.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    page = tmp_path / "dcgan1.md"
    tool.write_page(fg.RECIPES["dcgan1"], comparison / "none", page)
    text = page.read_text(encoding="utf-8")
    assert "| `images` | 50,000 |" in text and "Total params: 375,267" in text
    assert "Findings" not in text and "Numbers" not in text and not tmp_path.joinpath("dcgan1").exists()
    page.write_text(text.replace("\n## Settings", f"{FINDINGS}\n## Settings"), encoding="utf-8")
    for _ in range(2):
        tool.write_page(fg.RECIPES["dcgan1"], comparison / "dcgan1", page)
        text = page.read_text(encoding="utf-8")
        assert text.count(FINDINGS) == 1 and "| KID | " in text and "| Male | " in text
        pictures = re.findall(r"!\[.+\]\((.+)\)", text)
        assert sorted(pictures) == ["dcgan1/attributes.jpg", "dcgan1/curves.png", "dcgan1/faces.jpg"]
        assert sorted(tmp_path.glob("dcgan1/*")) == sorted(tmp_path / picture for picture in pictures)
    with pytest.raises(ValueError, match="Compare it anew"):
        tool.write_page(fg.RECIPES["dcgan1"], comparison / "udacity", page)
    assert page.read_text(encoding="utf-8") == text


def test_every_recipe_has_a_page_and_links_lead_somewhere():
    pages = sorted(RESULTS.with_suffix("").glob("*.md"))
    assert {page.stem for page in pages} == {*fg.RECIPES, "celeba"} - {*PRESETS}
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page}: {link}"


def test_comparisons_under_other_terms_are_kept_apart(tmp_path, faces_folder):
    (tmp_path / "terms.json").write_text("{}")
    with pytest.raises(ValueError, match="choose another folder"):
        fg.compare(tmp_path, ["udacity"], data=faces_folder, **TERMS)
    with pytest.raises(ValueError, match="dcgan9"):
        fg.compare(tmp_path, ["dcgan9"], data=faces_folder, **TERMS)


def test_a_folder_without_a_comparison_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        fg.load_comparison(tmp_path)


def test_the_results_page_shows_the_shipped_comparison():
    table, sheet = fg.load_comparison()
    assert {*table.index, "editor", *PRESETS} == {*fg.RECIPES} and (table["seconds"] < 1_210).all()
    assert sheet.height > 64 * len(table)
    page = RESULTS.read_text(encoding="utf-8")
    lines = page[page.index("| recipe | pixels | faces seen") :].split("\n\n")[0].splitlines()
    header, _, *rows = ([cell.strip() for cell in line.split("|")] for line in lines)
    shown = [dict(zip(header, row, strict=True)) for row in rows]
    for name, row in table.iterrows():
        (cells,) = (cells for cells in shown if cells["recipe"] == f"`{name}`")
        assert cells["faces seen"] == f"{row['images_seen']:,}"
        for metric, digits in {"KID (faces)": 3, "KID (views)": 3, "recall (faces)": 2, "recall (views)": 2}.items():
            assert float(cells[metric]) == pytest.approx(row[metric.removesuffix(" (faces)")], abs=0.501 / 10**digits)
        for metric in ("precision", "diversity"):
            assert float(cells[metric]) == pytest.approx(row[metric], abs=0.00501)
