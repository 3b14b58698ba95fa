"""Labels of one's own, end to end: from a table or class folders through training, saving and sampling to a sheet."""

import json

import ipywidgets
import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg
from facegen_keras.__main__ import main
from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.training.pretrained import pack, unpack
from helpers import write_classes, write_labelled

pytestmark = pytest.mark.slow

SMALL = {"image_size": 16, "batch_size": 8}
OWN = ("Cat", "Robot", "Shiny")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    return write_labelled(tmp_path_factory.mktemp("own") / "labelled")


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    return write_classes(tmp_path_factory.mktemp("own") / "classes")


@pytest.fixture(scope="module")
def gan(labelled, tmp_path_factory):
    """A GAN that was trained on a table, saved and loaded again."""
    recipe = fg.RECIPES["dcgan2"].override(attributes=OWN, schedule="ratio:2", **SMALL)
    trained = recipe.build()
    trained.fit(recipe.load_faces(data=labelled, balance="Cat", random_select=16), verbose=0)
    file = tmp_path_factory.mktemp("saved") / "gan.keras"
    trained.save(file)
    loaded = fg.load_gan(file)
    assert (loaded.sample(4, seed=3) == trained.sample(4, seed=3)).all()
    return loaded


def test_what_is_not_asked_for_is_drawn_as_in_the_data_set(gan):
    drawn = gan.sample_attributes(400, seed=0)
    assert drawn.mean(axis=0) == pytest.approx([1 / 3, 1 / 2, 1 / 2], abs=0.08)
    assert (drawn[:, 1] == drawn[:, 2]).all()  # all robots shine
    asked = gan.sample_attributes(50, {"Robot": 1, "Cat": 0.5})
    assert (asked == [0.5, 1, 1]).all()
    assert gan.sample(3, {"Robot": 1}).shape == (3, 16, 16, 3)
    with pytest.raises(ValueError, match="did you mean 'Robot'"):
        gan.sample(1, {"Robots": 1})


def test_sheets_film_and_session_of_own_labels(gan, tmp_path):
    pictures, titles = fg.attribute_sheet(gan, count=2)
    assert titles == ["base", *OWN] and pictures.shape == (4, 2, 16, 16, 3)
    fg.save_grid(gan.sample(4), tmp_path / "grid.png", about=fg.about_samples(gan, {"Robot": 1}))
    assert json.loads(fg.inspect(tmp_path / "grid.png")["Attributes"]) == {"Robot": 1}
    assert fg.interpolation(gan, 3, {"Cat": 0}, {"Cat": 1}).shape == (3, 16, 16, 3)
    session = fg.EditSession(gan)
    session.change("Cat", 0.5)
    assert session.current.strengths == {"Cat": 0.5, "Robot": 0.0, "Shiny": 0.0}


def test_the_widget_has_a_slider_for_each_own_label(gan, tmp_path):
    waiting, found = [fg.refine_widget(gan, folder=tmp_path)], []
    while waiting:
        widget = waiting.pop()
        waiting += getattr(widget, "children", ())
        found += [widget.description] if isinstance(widget, ipywidgets.FloatSlider) else []
    assert sorted(found) == list(OWN)


def test_a_gan_of_own_labels_that_was_not_trained_draws_each_as_often():
    gan = fg.RECIPES["dcgan2"].build(attributes=["Robot", "Cat"], image_size=16)
    assert gan.sample_attributes(400).mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.1)
    assert gan.label_statistics is None and gan.sample(2).shape == (2, 16, 16, 3)


def test_statistics_go_into_packed_weights(gan, tmp_path):
    pack(gan, tmp_path / "own.npz")
    packed = unpack(tmp_path / "own.npz")
    assert packed.attributes == OWN
    np.testing.assert_array_equal(packed.sample_attributes(50), gan.sample_attributes(50))


def test_celebas_names_keep_celebas_statistics(faces_folder):
    recipe = fg.RECIPES["dcgan2"].override(**SMALL)
    gan = recipe.build()
    gan.fit(recipe.load_faces(data=faces_folder, random_select=8), verbose=0)
    expected = fg.sample_attributes(50, 3)[:, [ATTRIBUTES.index(name) for name in gan.attributes]]
    np.testing.assert_array_equal(gan.sample_attributes(50, seed=3), expected)
    assert gan.label_statistics is None


def test_class_folders(classes):
    names = ["smiling", "neutral", "sad"]
    recipe = fg.RECIPES["dcgan2"].override(attributes=names, **SMALL)
    gan = recipe.build()
    gan.fit(recipe.load_faces(data=classes), epochs=1, verbose=0)
    drawn = gan.sample_attributes(600, seed=1)
    assert (drawn.sum(axis=1) == 1).all()
    assert drawn.mean(axis=0) == pytest.approx([1 / 3, 1 / 2, 1 / 6], abs=0.06)
    assert fg.attribute_sheet(gan, count=2)[1] == names
    assert fg.attribute_response(gan, "neutral", 4) > 0
    session = fg.EditSession(gan)
    session.change("sad", 1)
    assert session.current.strengths == {"smiling": 0.0, "neutral": 0.0, "sad": 1.0}


def test_a_run_on_the_command_line(labelled, tmp_path, capsys):
    run = str(tmp_path / "run")
    small = ["--recipe", "dcgan2", "--image-size", "16", "--batch-size", "8", "--epochs", "1", "--verbose", "0"]
    assert main(["train", "--data", str(labelled), "--attributes", "Robot,Cat", "--run", run, *small]) == 0
    out = tmp_path / "grid.png"
    assert main(["sample", "--run", run, "-n", "4", "--attributes", "Robot=1,Cat=0", "--out", str(out)]) == 0
    assert fg.load_run(run).label_statistics.frequencies == pytest.approx([0.5, 1 / 3])
    assert main(["train", "--data", str(labelled), "--attributes", "Robots", "--run", run + "2", *small]) == 2
    assert "labels.csv: Unknown attribute 'Robots': did you mean 'Robot'?" in capsys.readouterr().err


# What CelebA alone can answer, and a network that can


@pytest.fixture(scope="module")
def network(labelled, tmp_path_factory):
    """The file of a network that was trained on own labels."""
    file = tmp_path_factory.mktemp("network") / "mine.npz"
    scores = fg.train_attribute_network(file, labelled, epochs=1, batch_size=8, width=4, verbose=0)
    assert set(scores.index) <= {"Robot", "Cat", "Shiny"}
    return file


def test_the_shipped_network_says_that_it_cannot_read_them(gan, labelled, caplog):
    with pytest.raises(ValueError, match="does not read Cat, Robot, Shiny off pictures: train one"):
        fg.attribute_accuracy(gan, 8, data=labelled)
    found = fg.evaluate(gan, 8, data=labelled, features="faces")
    assert found.attributes is None and "does not read Cat, Robot, Shiny" in str(found)
    refined = gan.refine(gan.sample(2), {"Robot": 1})
    assert refined.shape == (1, 2, 16, 16, 3) and "taken at its frequency" in caplog.text
    with pytest.raises(ValueError, match="editor learns from the shipped attribute network"):
        fg.RECIPES["editor"].build(attributes=["Robot"], image_size=16)


def test_every_measure_uses_a_network_of_own_labels(gan, labelled, network):
    loaded = fg.load_attribute_network(network)
    assert loaded.attributes == ("Robot", "Cat", "Shiny") and fg.load_attribute_network().attributes == ATTRIBUTES
    card = network.with_suffix(".md").read_text(encoding="utf-8")
    assert "reads 3 attributes (Robot, Cat, Shiny)" in card
    assert "Data: those of whoever trained it." in card and "non-commercial" not in card
    assert fg.estimate_attributes(gan.sample(3), network).shape == (3, 3)
    gan.attribute_network = network
    try:
        found = fg.evaluate(gan, 8, data=labelled, features="faces")
        assert found.attributes.index.tolist() == list(OWN) and str(network) in found.how
        assert set(found.bias.index) == set(OWN)
        assert fg.attribute_accuracy(gan, 8, data=labelled).index.tolist() == list(OWN)
        sheet, _ = fg.refinement_sheet(gan, gan.sample(2), [{"Robot": 1}])
        assert set(fg.invert(gan, gan.sample(2), steps=2).attributes.ravel()) <= {0, 1}
    finally:
        gan.attribute_network = None
    assert fg.refinement_scores(sheet, [{"Robot": 1}], network).index.tolist() == ["Robot"]
    with pytest.raises(ValueError, match="Unknown attribute 'Robot'"):
        fg.refinement_scores(sheet, [{"Robot": 1}])


def test_photographs_are_refined_by_a_network_of_own_labels(gan, network, tmp_path, capsys, caplog):
    (tmp_path / "run").mkdir()
    gan.save(tmp_path / "run" / "gan.keras")
    photo, out = str(tmp_path / "face.png"), tmp_path / "refined.png"
    Image.fromarray(gan.sample(1)[0]).save(photo)
    given = ["--run", str(tmp_path / "run"), "--attribute-network", str(network), "--out", str(out)]
    assert main(["refine", photo, "--attributes", "Robot=1", *given]) == 0
    assert out.exists() and "taken at its frequency" not in caplog.text
    assert main(["refine", photo, "--attributes", "Robot=1", *given, "--attribute-network", "no.npz"]) == 2
    assert "no.npz" in capsys.readouterr().err


def test_a_network_of_other_labels_is_named(gan, labelled, network):
    gan = fg.RECIPES["dcgan2"].build(attributes=["Robot", "Dog"], image_size=16)
    gan.attribute_network = network
    with pytest.raises(ValueError, match="mine.npz.* does not read Dog"):
        fg.attribute_accuracy(gan, 8, data=labelled)
