import numpy as np
import pandas as pd
import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.__main__ import main


def test_evaluation_of_the_shipped_generator(faces_folder, tmp_path, capsys):
    out = tmp_path / "found"
    assert main(["evaluate", "-n", "50", "--data", str(faces_folder), "--features", "faces", "--out", str(out)]) == 0
    told = capsys.readouterr().out
    for part in (
        "KID",
        "FID",
        "precision",
        "recall",
        "memorisation",
        "copies",
        "Smiling",
        "crop: 148",
        "generated faces: 10",
    ):
        assert part in told
    scores = pd.read_csv(out / "scores.csv", index_col="score")
    assert scores.loc["KID", "generated"] > 0 and scores.notna().all(axis=None)
    assert len(pd.read_csv(out / "attributes.csv")) == 8 and len(pd.read_csv(out / "bias.csv")) == 40
    assert np.asarray(Image.open(out / "nearest.png")).std() > 0
    assert "attribute network" in (out / "how.txt").read_text()


def test_a_generator_without_attributes_and_of_another_size(faces_folder):
    gan = fg.RECIPES["udacity"].build(image_size=16)
    found = fg.evaluate(gan, 8, data=faces_folder, crop=108, size=(64, 64), features="faces")
    assert found.attributes is None and found.samples.shape == (8, 16, 16, 3)
    how = found.scores["KID"].how
    assert how["pixels"] == "64x64 real, 64x64 generated" and how["crop"] == 108
    assert found.scores["copies"].how["pixels"] == "16x16 real, 16x16 generated"
    assert "KID\n  features: facegen_keras attribute network" in found.how and "diversity\n  pixels: 16x16" in found.how
    shipped = fg.evaluate(fg.load_pretrained(), 8, data=faces_folder, features="faces")
    assert found.scores["KID"] > shipped.scores["KID"] and found.scores["diversity"] < shipped.scores["diversity"]


def test_too_few_faces_to_compare_with(celeba):
    for picture in sorted((celeba / "img_align_celeba").iterdir())[6:]:
        picture.unlink()
    with pytest.raises(ValueError, match="6 real faces to compare with: expected at least 16"):
        fg.evaluate(fg.RECIPES["udacity"].build(image_size=16), 8, data=celeba, split="all")
