"""Damaged weights and saved GANs: each loads as a GAN that draws, or is refused by an error with its name."""

import io
import json
import sys
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import facegen_keras as fg
from facegen_keras.data.attributes import resolve_attributes
from facegen_keras.networks import attribute_network, view_network
from facegen_keras.training.pretrained import pack, unpack
from fuzzing import (
    NASTY,
    PLACES,
    archive_damages,
    change_json,
    damage_archive,
    fuzz,
    json_bytes,
    json_changes,
    one_of,
    read_or_refuse,
)

pytestmark = [pytest.mark.fuzz, pytest.mark.slow]

STRANGERS = {"module": "stranger", "registered_name": "stranger>Code"}
LAMBDA = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None, "closure": None}}
# What runs code, imports a module or opens a file where Keras believes it; its versions differ in what they believe.
FOREIGN = [
    {"module": "stranger", "class_name": "Code", "config": {}, "registered_name": "Code"},
    {"module": "stranger", "class_name": "function", "config": "run", "registered_name": "function"},
    {"module": "keras.layers", "class_name": "Lambda", "config": {"function": LAMBDA}, "registered_name": None},
    LAMBDA,
    {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"},
    {"module": "keras.utils", "class_name": "get_file", "config": {"origin": "file:///etc/passwd"}},
    {"module": "keras.src.utils.python_utils", "class_name": "func_load", "config": {"code": "4wEAAAA="}},
    {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/tmp"}},
    {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"module": "gAQ="}},
    {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
    {"module": "keras.layers", "class_name": "Dense", "config": {"units": 10**6}},
]
NASTY_CONFIGS = [*NASTY, *FOREIGN, "stranger", "stranger.Code", "Lambda", 10**4, 10**6, [10**5, 10**5, 10**5]]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """A module that nothing may import."""
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "stranger.py").write_text("class Code:\n    pass\n\n\ndef run(*_):\n    pass\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield
    assert "stranger" not in sys.modules


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The arrays of a small packed GAN."""
    file = tmp_path_factory.mktemp("packed") / "gan.npz"
    pack(fg.RECIPES["dcgan2"].build(image_size=8, attributes=1, ema_decay=0.9), file)
    with np.load(file) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The members of a small saved GAN, as (name, bytes)."""
    file = tmp_path_factory.mktemp("saved") / "gan.keras"
    small = {"generator": fg.builders.fc_generator, "discriminator": fg.builders.fc_discriminator}
    recipe = fg.RECIPES["dcgan2"].override(image_size=16, attributes=2, conditioning=fg.LastLayer(), **small)
    recipe.build(ema_decay=0.9).save(file)
    with zipfile.ZipFile(file) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def check_draws(gan):
    """Whatever was accepted is a GAN that draws, with settings that make sense."""
    assert all(np.isfinite(weight).all() for weight in gan.get_weights())
    height, width = gan.size
    assert gan.sample(1).shape == (1, height, width, 3) and max(gan.size) <= 1_024
    assert resolve_attributes(gan.attributes) == gan.attributes
    assert gan.crop is None or 0 < gan.crop <= 178
    assert 0 <= gan.ema_decay < 1 and type(gan.seed) is int and 0 <= gan.seed < 2**32
    assert 0 <= gan.real_accuracy.numpy() <= 1 and gan.steps_done.numpy() >= 0 and gan.epochs_done.numpy() >= 0
    low, high = gan.value_range
    assert -np.inf < low < high < np.inf
    verdict = gan.verdict(np.zeros((1, height, width, 3), np.uint8), np.zeros(len(gan.attributes)))
    assert verdict.shape == (1,) and 0 <= verdict[0] <= 1


# Arrays

ARRAY_CHANGES = [
    *("drop", "nan", "inf", "zero", "negative", "float64", "object", "text", "complex", "record", "reshape", "longer"),
    *("fortran", "absurd", "negative shape", "version", "no header"),
]


def array_bytes(array, how=None):
    """An `.npy` file of an array after a change; None where the array is dropped."""
    values = {"nan": np.nan, "inf": np.inf, "zero": 0, "negative": -3}
    dtypes = {"float64": np.float64, "object": object, "text": "U9", "complex": complex}
    if how == "drop":
        return None
    with np.errstate(invalid="ignore"):
        array = np.full_like(array, values[how]) if how in values and array.dtype.kind in "fi" else array
        array = array.astype(dtypes[how]) if how in dtypes and array.dtype.kind in "fi" else array
    array = {"reshape": array.reshape(-1, 1), "longer": np.append(array, array), "fortran": array.T}.get(how, array)
    array = array.view([("a", array.dtype)]) if how == "record" and array.ndim else array
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    content = file.getvalue()
    shape = {"absurd": b"(1099511627776, 64)", "negative shape": b"(-1,)"}.get(how)
    if shape:
        header = b"{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + b"}"
        content = content[:8] + (118).to_bytes(2, "little") + header.ljust(117) + b"\n" + content[128:]
    content = content[:6] + b"\x03\0" + content[8:] if how == "version" else content
    return content[10:] if how == "no header" else content


def npz_bytes(arrays, changes, damages):
    members, names = {}, sorted(arrays)
    how_of = {names[int(place * len(names))]: how for place, how in changes}
    for name in names:
        content = array_bytes(arrays[name], how_of.get(name))
        if content is not None:
            members[f"{name}.npy"] = content
    return damage_archive(list(members.items()), damages)


ARRAYS_CHANGED = st.lists(st.tuples(PLACES, st.sampled_from(ARRAY_CHANGES)), min_size=1, max_size=2)
NASTY_DESCRIPTIONS = [*NASTY, "dcgan2", "dcgan5", "modern", 1_024, [1_024, 1_024], [16, 8], 10**4, [-1, 1], 178, 179]


@fuzz("packed .npz")
@given(
    damages=one_of((ARRAYS_CHANGED, []), (json_changes(NASTY_DESCRIPTIONS), []), (archive_damages(), ([], []))),
    passes=st.sampled_from([{}, {"passes": 3, "reconstruction": 0.5}]),
)
def test_packed_weights(packed, damages, passes, tmp_path):
    (changes, described, damages), file, arrays = damages, tmp_path / "packed.npz", dict(packed)
    description = json.loads(str(packed["described"]))
    description["options"] |= passes
    if described:
        arrays["described"] = np.array(json.dumps(change_json(description, described)))
    file.write_bytes(npz_bytes(arrays, changes, damages))
    gan = read_or_refuse("packed .npz", unpack, file, "packed.npz")
    if gan is not None:
        check_draws(gan)


NETWORKS = {
    attribute_network.SHIPPED: attribute_network.load_attribute_network,
    view_network.SHIPPED: view_network.load_view_network,
}


@fuzz("network .npz")
@given(damages=one_of((ARRAYS_CHANGED, []), (archive_damages(), ([], []))), shipped=st.sampled_from(list(NETWORKS)))
def test_networks(damages, shipped, tmp_path):
    with np.load(shipped) as arrays:
        content = npz_bytes(dict(arrays), *damages)
    file = tmp_path / "network.npz"
    file.write_bytes(content)
    network = read_or_refuse("network .npz", NETWORKS[shipped], file, "network.npz")
    if network is not None:
        assert all(np.isfinite(weight).all() and weight.dtype == np.float32 for weight in network.get_weights())
        assert np.isfinite(network.predict_on_batch(np.zeros((1, 64, 64, 3)))).all()


# Saved GANs

H5_CHANGES = ["nan", "inf", "huge", "negative", "drop", "longer", "absurd", "text", "int", "external", "soft", "group"]


WEIGHTS_CHANGED = st.lists(st.tuples(PLACES, st.sampled_from(H5_CHANGES)), min_size=1, max_size=2)


def damage_weights(content, changes):
    """Change some of the data sets in an HDF5 file."""
    file = io.BytesIO(content)
    with h5py.File(file, "r+") as store:
        names = []
        store.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        for name, how in {names[int(place * len(names))]: how for place, how in changes}.items():
            array = store[name][()]
            del store[name]
            if how == "absurd":
                store.create_dataset(name, (2**20, 2**20), np.float32, chunks=(1, 64))
            elif how == "external":
                store[name] = h5py.ExternalLink("/etc/passwd", "/a")
            elif how == "soft":
                store[name] = h5py.SoftLink(f"/{name}")
            elif how == "group":
                store.create_group(name)
            elif how != "drop":
                value = {"nan": np.nan, "inf": np.inf, "huge": 1e30, "negative": -3}.get(how)
                changed = np.full(array.shape, value, np.float32) if value else array
                changed = {"longer": np.append(array, array), "int": np.round(array)}.get(how, changed)
                store[name] = "text" if how == "text" else changed
    return file.getvalue()


@fuzz(".keras")
@given(damages=one_of((json_changes(NASTY_CONFIGS), []), (WEIGHTS_CHANGED, []), (archive_damages(), ([], []))))
def test_saved_gans(saved, stranger, damages, tmp_path):
    (config, weights, damages), members = damages, dict(saved)
    if config:
        members["config.json"] = json_bytes(change_json(json.loads(members["config.json"]), config))
    if weights:
        members["model.weights.h5"] = damage_weights(members["model.weights.h5"], weights)
    file = tmp_path / "saved.keras"
    file.write_bytes(damage_archive(list(members.items()), damages))
    gan = read_or_refuse(".keras", fg.load_gan, file, "saved.keras")
    if gan is not None:
        check_draws(gan)
    assert "stranger" not in sys.modules
