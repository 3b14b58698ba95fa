"""`evaluate`: all metrics at once, and what of them is printed and written."""

import copy
import dataclasses

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.__main__ import main
from facegen_keras.data.sample_faces import RECORD
from facegen_keras.data.selection import open_faces
from facegen_keras.metrics import evaluate as module
from facegen_keras.metrics import samples as samples_module
from facegen_keras.metrics.evaluate import evaluate


@pytest.fixture(scope="module")
def found(faces_folder):
    """What is found of a small generator without attributes, whose faces have a crop of their own."""
    gan = fg.RECIPES["udacity"].build(image_size=16, crop=108)
    return evaluate(gan, 8, data=faces_folder, size=(64, 64))


@pytest.mark.slow
def test_the_command_prints_tables_and_a_few_sentences(faces_folder, tmp_path, capsys):
    out = tmp_path / "found"
    assert main(["evaluate", "-n", "50", "--data", str(faces_folder), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    both = ("KID", "FID", "precision", "recall", "variance share")
    once = ("memorisation", "copies", "Smiling", "crop 148", "10 samples")
    for part in (*both, *(f"{metric} (views)" for metric in both), *once):
        assert part in told
    assert "file format" not in told
    scores = pd.read_csv(out / "scores.csv", index_col="score")
    assert scores.loc["KID", "generated"] > 0 and scores.notna().all(axis=None)
    assert len(pd.read_csv(out / "attributes.csv")) == 8 and len(pd.read_csv(out / "bias.csv")) == 40
    assert np.asarray(Image.open(out / "nearest.png")).std() > 0
    how = (out / "how.txt").read_text(encoding="utf-8")
    assert "attribute network" in how and "file format" in how and "attribute accuracy" in how
    assert "KID (views)\n  features: facegen_keras view network" in how


def test_print_is_short_and_how_is_complete(found):
    sentences = str(found).split("\n\n")[-1].splitlines()
    assert len(sentences) <= 3 and all(len(sentence) < 200 for sentence in sentences)
    assert "16x16" not in str(found) and "KID\n  features: facegen_keras attribute network" in found.how
    assert "diversity\n  pixels: 16x16" in found.how


def test_drawings_are_said_to_be_no_photographs(found, faces_folder, tmp_path):
    """A generator of photographs is far from all drawings, and its KID would be read as a bad one."""
    assert "drawings" in str(found)
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for item in faces_folder.iterdir():
        if item.name != RECORD:
            (photographs / item.name).symlink_to(item)
    gan = fg.RECIPES["udacity"].build(image_size=16)
    assert "drawings" not in str(evaluate(gan, 8, data=photographs))


def test_a_generator_without_attributes_and_of_another_size(found):
    assert found.attributes is None and found.samples.shape == (8, 16, 16, 3)
    assert found.scores["KID"].how["pixels"] == "64x64 real, 64x64 generated"
    assert found.scores["copies"].how["pixels"] == "16x16 real, 16x16 generated"
    assert found.pairs.shape == (2, 8, 16, 16, 3)


def test_real_faces_are_cropped_as_the_generators_training_faces(found, faces_folder):
    """A GAN that gives back training faces of its own crop: it copies all, and no other crop would show it."""
    assert found.scores["KID"].how["crop"] == 108
    gan = fg.RECIPES["udacity"].build(image_size=16, crop=None)
    training = open_faces(gan.size, data=faces_folder, crop=None)
    gan.sample = lambda count, *_, **__: training.pictures[training.rows[:count]]
    copied = evaluate(gan, 8, data=faces_folder)
    assert copied.scores["copies"] == 1 and copied.scores["memorisation"] == pytest.approx(0, abs=1e-3)
    np.testing.assert_array_equal(*copied.pairs)
    assert "whole pictures" in str(copied)


def test_copies_are_searched_among_the_pictures_of_the_training(faces_folder):
    gan = fg.RECIPES["udacity"].build(image_size=16, seed=3)
    found = evaluate(gan, 8, data=faces_folder, images=6)
    assert found.scores["copies"].how["real faces"] == 6
    trained = open_faces(gan.size, data=faces_folder, crop=gan.crop, images=6, seed=3)
    for face in found.pairs[1]:
        assert any(np.array_equal(face, picture) for picture in trained.pictures[trained.rows])


def test_the_training_split_is_never_in_memory_as_a_whole(tmp_path, monkeypatch):
    """600 pictures, of which 8 are compared: no more than a chunk of them is read at once."""
    pictures = np.random.default_rng(0).integers(0, 256, (600, 22, 18, 3), dtype=np.uint8)
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{i:03d}.png", compress_level=0)
    read = []

    class Watched(np.ndarray):
        def __getitem__(self, key):
            part = super().__getitem__(key)
            read.append(len(part) if part.ndim == 4 else 1)
            return part.view(np.ndarray)

    def watch(*args, **options):
        faces = open_faces(*args, **options)
        return dataclasses.replace(faces, pictures=faces.pictures.view(Watched))

    monkeypatch.setattr(module, "open_faces", watch)
    monkeypatch.setattr(samples_module, "open_faces", watch)
    found = evaluate(fg.RECIPES["udacity"].build(image_size=16), 8, data=tmp_path)
    assert found.scores["copies"].how["real faces"] == 600
    assert sum(read) >= 600 and max(read) <= 256


def test_other_eyes_are_taken_where_they_are_asked_for(faces_folder):
    colour = fg.Features("mean colour, 3", "none", lambda pictures: pictures.mean(axis=(1, 2)) / 255)
    gan = fg.RECIPES["udacity"].build(image_size=16)
    one = evaluate(gan, 8, data=faces_folder, features=colour)
    assert "mean colour" in one.scores["KID"].how["features"] and not any("(" in name for name in one.scores)
    two = evaluate(gan, 8, data=faces_folder, features=("views", colour))
    assert "view network" in two.scores["recall"].how["features"]
    assert two.scores["FID (mean colour, 3)"] == one.scores["FID"]
    assert "mean colour, 3" in str(two).split("\n\n")[-1]
    with pytest.raises(ValueError, match="features='vgg'.*views"):
        evaluate(gan, 8, data=faces_folder, features=("faces", "vgg"))


def test_evaluations_can_be_copied(found):
    assert copy.deepcopy(found).how == found.how


@pytest.mark.parametrize("count", [4, 8.5])
def test_counts_that_cannot_be(count, faces_folder):
    with pytest.raises(ValueError, match="count"):
        evaluate(fg.RECIPES["udacity"].build(image_size=16), count, data=faces_folder)


def test_too_few_faces_to_compare_with(celeba):
    for picture in sorted((celeba / "img_align_celeba").iterdir())[6:]:
        picture.unlink()
    with pytest.raises(ValueError, match="6 real faces"):
        evaluate(fg.RECIPES["udacity"].build(image_size=16), 8, data=celeba, split="all")
