"""Generators in files of other runtimes, each opened by its own: they draw what Keras draws."""

import json
import sys
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import facegen_keras as fg
from facegen_keras.__main__ import main
from facegen_keras.training.pretrained import pack

TOLERANCE = 1e-4  # of images in -1..1: a hundredth of a grey level
KERAS = tuple(map(int, keras.version().split(".")[:2]))
NEEDS_ONNX = pytest.mark.skipif(KERAS < (3, 8), reason="Keras writes ONNX from 3.8")
FORMATS = [pytest.param(".onnx", marks=NEEDS_ONNX), ".tflite", ""]

pytestmark = pytest.mark.slow


def open_onnx(path):
    session = pytest.importorskip("onnxruntime").InferenceSession(path)
    notes = session.get_modelmeta().custom_metadata_map["facegen_keras"]
    return lambda inputs: session.run(["images"], inputs)[0], notes


def open_tflite(path):
    interpreter = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(str(path))
    runner = interpreter.get_signature_runner()

    def draw(inputs):
        count = len(next(iter(inputs.values())))
        one_by_one = [runner(**{name: value[i : i + 1] for name, value in inputs.items()}) for i in range(count)]
        return np.concatenate([drawn["images"] for drawn in one_by_one])

    return draw, zipfile.ZipFile(path).read("facegen_keras.json")


def open_saved_model(path):
    loaded = tf.saved_model.load(str(path))

    def draw(inputs):
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        return loaded.signatures["serving_default"](**tensors)["images"].numpy()

    return draw, (path / "assets.extra" / "facegen_keras.json").read_bytes()


OPEN = {".onnx": open_onnx, ".tflite": open_tflite, "": open_saved_model}


def draw_inputs(gan, count=3):
    """What the generator of a GAN reads, in its order: random arrays."""
    rng = np.random.default_rng(0)
    return [rng.uniform(-1, 1, (count, *read.shape[1:])).astype(np.float32) for read in gan.generator.inputs]


def assert_draws_alike(gan, path):
    """Whether a file draws what the GAN draws; returns what it says of itself."""
    draw, notes = OPEN[path.suffix](path)
    notes, inputs = json.loads(notes), draw_inputs(gan)
    expected = gan.sampling_generator(inputs if len(inputs) > 1 else inputs[0], training=False).numpy()
    drawn = draw(dict(zip(notes["inputs"], inputs)))
    np.testing.assert_allclose(drawn, expected, rtol=0, atol=TOLERANCE)
    return notes


@pytest.fixture(scope="module")
def gans():
    """An unconditional generator, one of attributes with an average of its weights, and an editor: untrained."""
    small = {"udacity": 32, "modern": 16, "editor": 16}
    return {name: fg.RECIPES[name].build(image_size=size, dtype_policy="float32") for name, size in small.items()}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("recipe", ["modern", "editor"])
def test_file_draws_what_keras_draws_and_says_what_it_is(gans, recipe, suffix, tmp_path):
    gan = gans[recipe]
    notes = assert_draws_alike(gan, fg.export(gan, tmp_path / f"generator{suffix}"))
    attributes = {"attributes": list(gan.attributes)}
    assert notes["recipe"] == recipe and notes["crop"] == gan.crop
    assert notes["outputs"] == {"images": {"shape": [*gan.size, 3], "range": [-1, 1]}}
    if recipe == "editor":
        assert notes["inputs"]["pictures"] == notes["outputs"]["images"]
        assert notes["inputs"]["change"].items() >= (attributes | {"range": [-1, 1]}).items()
    else:
        assert notes["inputs"]["latents"] == {"shape": [*gan.latent.shape], "distribution": "normal"}
        assert notes["inputs"]["attributes"].items() >= (attributes | {"range": [0, 1]}).items()
    assert [file.name for file in tmp_path.iterdir()] == [f"generator{suffix}"]


def test_generator_without_attributes_reads_latents_alone(gans, tmp_path):
    notes = assert_draws_alike(gans["udacity"], fg.export(gans["udacity"], tmp_path / "generator.tflite"))
    assert list(notes["inputs"]) == ["latents"]


def test_mixed_policy_is_exported_as_float32_with_the_same_weights(gans, tmp_path):
    mixed, plain = fg.RECIPES["modern"].build(image_size=16, dtype_policy="mixed_bfloat16"), gans["modern"]
    plain.sampling_generator.set_weights(mixed.sampling_generator.get_weights())
    assert_draws_alike(plain, fg.export(mixed, tmp_path / "generator"))


@pytest.mark.skipif(KERAS >= (3, 8), reason="Keras has what is missing before 3.8")
def test_older_keras_says_which_version_writes_onnx(gans, tmp_path):
    with pytest.raises(ImportError, match=r"from version 3\.8"):
        fg.export(gans["modern"], tmp_path / "generator.onnx")


def test_what_cannot_be_written_is_refused_in_a_sentence(gans, tmp_path):
    gan, full = gans["modern"], tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").touch()
    for path, bits, why in [
        ("a.h5", 32, "expected a file named .onnx"),
        ("a.tflite", 8, "8 with .onnx"),
        ("full", 32, "there already"),
    ]:
        with pytest.raises(ValueError, match=why):
            fg.export(gan, tmp_path / path, bits)
    assert [file.name for file in tmp_path.rglob("*")] == ["full", "mine.txt"]


@NEEDS_ONNX
def test_missing_package_is_named_and_the_file_that_was_there_stays(gans, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    path = tmp_path / "generator.onnx"
    path.write_text("mine")
    with pytest.raises(ImportError, match="tf2onnx: pip install"):
        fg.export(gans["modern"], path)
    assert path.read_text() == "mine"


def test_broken_weights_are_not_exported(gans, tmp_path):
    weight = gans["udacity"].generator.weights[0]
    kept = weight.numpy()
    weight.assign(np.full(kept.shape, np.nan))
    with pytest.raises(ValueError, match="NaN"):
        fg.export(gans["udacity"], tmp_path / "generator.tflite")
    weight.assign(kept)


@NEEDS_ONNX
def test_command_exports_in_eight_bits_what_has_eight_bits(gans, tmp_path, capsys, caplog):
    """Shipped weights, and all that `pack` wrote, lose nothing."""
    caplog.set_level("INFO")
    weights, small = tmp_path / "weights.npz", tmp_path / "small.onnx"
    pack(gans["modern"], weights)
    assert main(["export", "--weights", str(weights), "--out", str(small), "--bits", "8"]) == 0
    assert str(small) in capsys.readouterr().out
    assert not [record for record in caplog.records if record.name.startswith("tf2onnx")]
    gan = fg.load_pretrained(weights)
    assert_draws_alike(gan, small)
    assert small.stat().st_size < 1.2 * gan.generator.count_params()
    assert main(["export", "--run", "runs/first", "--weights", str(weights), "--out", str(small)]) == 2
    assert "expected one of them" in capsys.readouterr().err
