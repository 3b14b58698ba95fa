"""What a generator starts from, and which faces it is compared with."""

import numpy as np
import pytest

import facegen_keras as fg
from facegen_keras.data.selection import open_faces
from facegen_keras.metrics.evaluate import evaluate
from facegen_keras.metrics.samples import draw_samples, unseen_faces
from helpers import grey_of, numbers_in, write_plain

TINY_UNSEEN = {9, 10, 19, 20}  # of the tiny data set: its valid and test splits


@pytest.fixture(scope="module")
def dcgan5():
    """The system that is fed faces, cut to 16 pixels."""
    return fg.RECIPES["dcgan5"].build(image_size=16)


def numbers_of(pictures):
    return set(numbers_in(pictures))


def test_unseen_faces_are_of_the_other_splits(dcgan5, tiny_celeba):
    faces = unseen_faces(dcgan5, 100, tiny_celeba)
    assert faces.shape == (4, 16, 16, 3) and faces.dtype == np.uint8
    assert numbers_of(faces) == TINY_UNSEEN
    assert len(unseen_faces(dcgan5, 3, tiny_celeba, images=5)) == 3


def test_without_other_splits_unseen_faces_are_outside_of_the_choice(dcgan5, tmp_path):
    plain = write_plain(tmp_path / "plain")
    trained = open_faces(16, data=plain, images=15, seed=4)
    faces = unseen_faces(dcgan5, 100, plain, images=15, seed=4)
    assert len(faces) == 5
    assert numbers_of(faces) == set(range(1, 21)) - numbers_of(trained.pictures[trained.rows])


def test_splits_of_which_no_picture_is_here_do_not_count(dcgan5, celeba):
    """As where only CelebA's first pictures were downloaded, which all are in its train split."""
    for picture in sorted((celeba / "img_align_celeba").iterdir())[8:]:
        picture.unlink()
    assert len(unseen_faces(dcgan5, 100, celeba, images=0.5)) == 4
    with pytest.raises(ValueError, match="start_faces"):
        unseen_faces(dcgan5, 100, celeba)


def test_a_generator_that_was_trained_on_all_faces_cannot_be_judged(dcgan5, celeba):
    (celeba / "list_eval_partition.txt").unlink()
    with pytest.raises(ValueError, match="images"):
        evaluate(dcgan5, 8, data=celeba)


def test_samples_start_from_unseen_faces(dcgan5, tiny_celeba, monkeypatch):
    """dcgan5 was taught photographs, and was judged by what it made of drawings."""
    started = []
    monkeypatch.setattr(dcgan5, "sample", lambda attributes, latents, reject: started.append(latents) or latents)
    _, start = draw_samples(dcgan5, np.zeros((10, 5)), data=tiny_celeba)
    latents = started[0]
    assert latents.shape == (10, 16, 16, 3) and numbers_of(dcgan5.to_pictures(latents)) == TINY_UNSEEN
    counts = np.unique([round(float(face.mean()), 2) for face in latents], return_counts=True)[1]
    assert counts.max() - counts.min() <= 1  # each is used equally often
    assert start == {"started from": "4 faces that it was not trained on, repeated to make 10"}


def test_samples_start_from_given_faces(dcgan5, monkeypatch):
    given = np.full((12, 16, 16, 3), grey_of(11), np.uint8)
    monkeypatch.setattr(dcgan5, "start_faces", given)
    monkeypatch.setattr(dcgan5, "sample", lambda attributes, latents, reject: dcgan5.to_pictures(latents))
    samples, start = draw_samples(dcgan5, np.zeros((10, 5)), data="no such folder")
    assert numbers_of(samples) == {11} and "10 given faces" in start["started from"]


def test_results_say_what_the_generator_started_from(dcgan5, faces_folder):
    found = evaluate(dcgan5, 8, data=faces_folder)
    assert "not trained on" in found.how and "not trained on" in str(found)
    accuracy = fg.attribute_accuracy(dcgan5, 8, data=faces_folder)
    assert "not trained on" in accuracy.attrs["started from"]
    assert "started from" not in evaluate(fg.RECIPES["udacity"].build(image_size=16), 8, data=faces_folder).how
