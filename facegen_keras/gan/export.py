"""A generator in a file of its own, for runtimes without Keras: ONNX, LiteRT or TensorFlow's SavedModel."""

from facegen_keras.gan.editor import EditorGAN
from facegen_keras.gan.latents import FACES
from facegen_keras.gan.state import check_finite
from facegen_keras.networks.exporting import write_model


def export(gan, path, bits=32):
    """Write a GAN's generator, with the weights that it samples with, for runtimes without Keras.

    It computes in float32 there. Inputs are called `latents` and `attributes`, or `pictures` and `change` of an editor;
    a generator that is fed faces reads `pictures`; and the output `images`. The file says in which range each is and
    what the attributes are called (see docs/export.md).

    Args:
        gan: a `FaceGAN`.
        path: `.onnx`; `.tflite`, for one picture at a time; or a folder, for a SavedModel.
        bits: 32, or 8 with `.onnx`: weights of a quarter of the size.

    Returns:
        The Path written to.

    Raises:
        ValueError: a path of another kind, a folder that holds something, bits that are not supported, or NaN weights.
        ImportError: a package is missing, or Keras is too old; the message says what to install.
    """
    check_finite(gan)
    return write_model(gan.sampling_generator, path, describe(gan), bits)


def describe(gan):
    """What a file says of the generator of a GAN in it: a dict for JSON."""
    pictures = {"shape": [*gan.size, 3], "range": list(gan.value_range)}
    if gan.latent.distribution == FACES:
        inputs = {"pictures": pictures}
    else:
        inputs = {"latents": {"shape": list(gan.latent.shape), "distribution": gan.latent.distribution}}
    names = list(gan.attributes)
    if isinstance(gan, EditorGAN):
        inputs["change"] = {"attributes": names, "range": [-1, 1], "meaning": "asked for, minus shown"}
    elif names:
        inputs["attributes"] = {"attributes": names, "range": [0, 1], "meaning": "0 absent, 1 present"}
    return {"recipe": gan.recipe, "crop": gan.crop, "inputs": inputs, "outputs": {"images": pictures}}
