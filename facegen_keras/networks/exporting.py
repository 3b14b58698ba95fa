"""Keras models as files that other runtimes open without Keras: ONNX, LiteRT (TFLite) and TensorFlow's SavedModel."""

import contextlib
import importlib
import io
import json
import re
import shutil
import uuid
import warnings
import zipfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from facegen_keras.files import write_atomically
from facegen_keras.networks.keras_version import is_keras_before
from facegen_keras.networks.onnx_weights import store_in_eight_bits

NOTES = "facegen_keras"  # what the notes of a file are called: a key of ONNX, else the stem of a .json file
ONNX_SINCE = (3, 8)  # Keras' own export to ONNX


def write_model(model, path, notes, bits=32):
    """Write a Keras model for other runtimes; it computes in float32 there.

    Args:
        model: a functional or sequential model of any dtype policy, with one output.
        path: `.onnx`; `.tflite`, for one picture at a time, as LiteRT does not know sizes that depend on a batch; or a
            folder (without a suffix, or with a slash at its end), for a SavedModel.
        notes: a dict for JSON, which the file keeps: ONNX in its metadata, `.tflite` as a file that unzip finds in it,
            a SavedModel in `assets.extra`. Its `inputs` and `outputs`, dicts, name those of the model, in its order.
        bits: 32, or 8 for a quarter of the size, with `.onnx` alone (see `store_in_eight_bits`).

    Returns:
        The Path written to.

    Raises:
        ValueError: a path of another kind, bits that are not supported, or a folder that holds something.
        ImportError: a package is missing, or Keras is too old; the message says what to install.
    """
    kind = "" if str(path).endswith("/") else Path(path).suffix.lower()
    path = Path(path)
    if kind not in _WRITERS:
        raise ValueError(f"{path}: expected a file named .onnx or .tflite, or a folder for a SavedModel.")
    if bits not in (8, 32) or bits == 8 and kind != ".onnx":
        raise ValueError(f"bits={bits} for {path}: expected 32, or 8 with .onnx.")
    _WRITERS[kind](_named(model, notes), path, json.dumps(notes, indent=1), bits)
    return path


def _named(model, notes):
    """The model in float32, of a dict to a dict."""
    inputs = [keras.Input(read.shape[1:], name=name) for name, read in zip(notes["inputs"], model.inputs)]
    (output,) = notes["outputs"]
    drawn = _in_float32(model)(inputs if len(inputs) > 1 else inputs[0])
    named = keras.Model(dict(zip(notes["inputs"], inputs)), {output: drawn})
    empty = {name: np.zeros((1, *read.shape[1:]), np.float32) for name, read in named.input.items()}
    named(empty)  # Keras exports no model to ONNX that was never called
    return named


def _in_float32(model):
    """The same model under the policy float32; its weights are float32 under the mixed policies, too."""
    described = model.to_json()
    plain = re.sub("(mixed_)?b?float16", "float32", described)
    if plain == described:
        return model
    copy = keras.models.model_from_json(plain)
    copy.set_weights(model.get_weights())
    return copy


def _write_onnx(model, path, notes, bits):
    if is_keras_before(ONNX_SINCE):
        raise ImportError(
            f"{path}: Keras writes ONNX from version {'.'.join(map(str, ONNX_SINCE))}, and this is {keras.version()}. "
            "Take a newer one, or export to .tflite."
        )
    onnx = _import("onnx", path)
    _import("tf2onnx", path)
    with write_atomically(path) as unfinished:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # Keras asks NumPy for np.object
            model.export(unfinished, format="onnx", verbose=False)
        written = onnx.load(unfinished)
        if bits == 8:
            store_in_eight_bits(written)
        onnx.helper.set_model_props(written, {NOTES: notes})
        onnx.save(written, unfinished)


def _write_tflite(model, path, notes, bits):
    with write_atomically(path) as unfinished:
        folder = unfinished.with_suffix("")
        with _removed_afterwards(folder):
            _write_archive(model, folder, batch=1)
            unfinished.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert())
        with zipfile.ZipFile(unfinished, "a") as archive:  # what follows the model is as TensorFlow Lite's metadata are
            archive.writestr(f"{NOTES}.json", notes)


def _write_saved_model(model, path, notes, bits):
    if path.exists() and (path.is_file() or any(path.iterdir())):
        raise ValueError(f"{path} is there already: give the name of a new folder.")
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    with _removed_afterwards(folder):
        _write_archive(model, folder, batch=None)
        (folder / "assets.extra").mkdir()
        (folder / "assets.extra" / f"{NOTES}.json").write_text(notes, encoding="utf-8")
        folder.replace(path)


_WRITERS = {".onnx": _write_onnx, ".tflite": _write_tflite, "": _write_saved_model}


def _write_archive(model, folder, batch):
    """Write a SavedModel for batches of some size, or of any (None)."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    read = {name: tf.TensorSpec((batch, *read.shape[1:]), tf.float32, name) for name, read in model.input.items()}
    archive.add_endpoint("serve", lambda inputs: model(inputs, training=False), [read])
    with contextlib.redirect_stdout(io.StringIO()):  # older versions of Keras print what they wrote
        archive.write_out(folder)


@contextlib.contextmanager
def _removed_afterwards(folder):
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _import(name, path):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"{path} needs the package {name}: pip install tf2onnx onnxruntime.") from error
