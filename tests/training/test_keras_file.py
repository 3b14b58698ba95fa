"""`.keras` files that come from anywhere: no code of theirs is run, and they take no more memory than their size."""

import io
import json
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras import layers

import facegen_keras as fg
from fuzzing import most_memory, zip_of

SMALL = {"generator": fg.builders.fc_generator, "discriminator": fg.builders.fc_discriminator}


def build(**changes):
    options = {"image_size": 16, "attributes": 2, "conditioning": fg.LastLayer()} | SMALL | changes
    return fg.RECIPES["dcgan2"].build(**options)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The members of a small saved GAN."""
    file = tmp_path_factory.mktemp("saved") / "gan.keras"
    build().save(file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def refuse(file, match):
    """Try to load what must be refused; returns how many bytes that took, at most, beyond what was taken before."""
    before = most_memory()
    with pytest.raises(ValueError, match=f"{file.name}.*{match}"):
        fg.load_gan(file)
    return most_memory() - before


def with_layers(saved, *replaced):
    """The members of the GAN, with other layers in the place of its generator's first."""
    config = json.loads(saved["config.json"])
    parts = config["config"]["generator"]["config"]["layers"]
    body = next(part for part in parts if part["class_name"] == "Sequential")["config"]["layers"]
    first = next(i for i, part in enumerate(body) if part["class_name"] == "Dense")
    body[first : first + 1] = replaced
    return saved | {"config.json": json.dumps(config).encode()}


def test_a_lambda_is_refused_whatever_keras_allows(tmp_path, monkeypatch):
    def with_lambda(size, n):
        body = fg.builders.fc_generator(size, n)
        body.add(layers.Lambda(lambda images: images))
        return body

    build(generator=with_lambda).save(tmp_path / "lambda.keras")
    refuse(tmp_path / "lambda.keras", "Lambda")
    keras.config.enable_unsafe_deserialization()
    try:
        refuse(tmp_path / "lambda.keras", "Lambda")
    finally:
        keras.src.backend.common.global_state.set_global_attribute("safe_mode_saving", None)


@pytest.mark.parametrize(
    "layer",
    [
        {"module": "stranger", "class_name": "Layer", "config": {}, "registered_name": "Layer"},
        {"module": "stranger", "class_name": "function", "config": "run", "registered_name": "function"},
        {"module": "keras.utils", "class_name": "get_file", "config": {"origin": "file:///etc/hostname"}},
        {"module": "keras.src.utils.python_utils", "class_name": "func_load", "config": {"code": "4wEAAAA="}},
        {"module": "keras", "class_name": "utils.get_file", "config": {"origin": "file:///etc/hostname"}},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "."}},
        {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/hostname"}},
        {"module": "builtins", "class_name": "function", "config": "eval"},
        {"module": None, "class_name": "__lambda__", "config": {"code": "4wEAAAA="}},
    ],
    ids=lambda layer: f"{layer['module']}.{layer['class_name']}",
)
def test_what_is_no_plain_layer_is_neither_imported_nor_called(saved, layer, tmp_path, monkeypatch):
    (tmp_path / "stranger.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "foreign.keras").write_bytes(zip_of(with_layers(saved, layer).items()))
    refuse(tmp_path / "foreign.keras", "only plain layers of Keras")
    assert "stranger" not in sys.modules


def test_a_class_that_is_registered_is_loaded(tmp_path):
    @keras.saving.register_keras_serializable("tests_of_facegen")
    class Doubled(layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    def doubled(size, n):
        body = fg.builders.fc_generator(size, n)
        body.add(Doubled())
        return body

    gan = build(generator=doubled)
    gan.save(tmp_path / "doubled.keras")
    np.testing.assert_array_equal(fg.load_gan(tmp_path / "doubled.keras").sample(2), gan.sample(2))


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "assets/a.txt", "model.weights.npz", "config.json "])
def test_nothing_but_the_three_members_is_unpacked(saved, name, tmp_path):
    pickled = io.BytesIO()
    np.savez(pickled, np.array([{}]))
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "extra.keras"
    file.write_bytes(zip_of((saved | {name: pickled.getvalue()}).items()))
    refuse(file, "expected config.json, metadata.json, model.weights.h5")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]


def dense(units):
    return {"module": "keras.layers", "class_name": "Dense", "config": {"units": units}, "registered_name": None}


def huge_weights(saved):
    """An HDF5 file that asks for 4 TB, of which none are written."""
    file = io.BytesIO(saved["model.weights.h5"])
    with h5py.File(file, "r+") as store:
        names = []
        store.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        del store[names[0]]
        store.create_dataset(names[0], (2**20, 2**20), np.float32, chunks=(1, 64))
    return file.getvalue()


BOMBS = {
    "weights of zeros": lambda saved: saved | {"model.weights.h5": bytes(500_000_000)},
    "a configuration of blanks": lambda saved: saved | {"config.json": saved["config.json"] + b" " * 500_000_000},
    "weights that are not written": lambda saved: saved | {"model.weights.h5": huge_weights(saved)},
    "a layer of 400 GB": lambda saved: with_layers(saved, dense(10**9), dense(128)),
}


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_that_asks_for_much_memory_is_refused_before_it_is_given(saved, bomb, tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in BOMBS[bomb](saved).items():
            archive.writestr(name, content)
    assert refuse(tmp_path / "bomb.keras", "(would|more than the file holds)") < 100e6
