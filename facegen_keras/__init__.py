"""Human faces from attributes, with GANs, in Keras.

Everything that notebooks use is an attribute of this package: `fg.load_faces`, `fg.RECIPES`, `fg.kid`. TensorFlow is
loaded by the first of them that needs it, so `quiet()` can be called before.
"""

import contextlib
import importlib
import logging
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# By itself, TensorFlow takes oneDNN on newer processors only: with AVX2 and no AVX-512, it is faster, too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__version__ = "0.1.0"

# Where the public names live; a module of this table is a public name, too.
_MODULES = {
    "data.alignment": "align_faces",
    "data.attribute_statistics": "celeba_statistics measure_statistics sample_attributes implied_attributes",
    "data.attributes": "ATTRIBUTES ATTRIBUTES_1 ATTRIBUTES_2 ATTRIBUTES_5 ATTRIBUTES_8 ATTRIBUTES_23",
    "data.celeba": "load_arrays load_attributes load_faces load_identities load_partition",
    "data.colab": "mount_drive",
    "data.download": "download_celeba",
    "data.layouts": "find_data workspace",
    "data.own_faces": "write_own_faces",
    "data.photos": "load_photo",
    "data.sample_faces": "sample_faces",
    "networks.attribute_network": "estimate_attributes face_features load_attribute_network",
    "networks.attribute_training": "train_attribute_network",
    "networks.builders": "builders",
    "networks.conditioning": "Cube LastLayer NoAttributes Projection",
    "networks.dtype_policy": "explain_dtype_policy",
    "networks.modern": "modern_discriminator modern_generator",
    "networks.view_network": "load_view_network view_features",
    "networks.view_training": "train_view_network",
    "gan.augmentation": "diffusion_noise instance_noise shifts",
    "gan.drawing": "about_samples sample_with_verdicts",
    "gan.editor": "EditorGAN",
    "gan.ema": "HalfLife",
    "gan.export": "export",
    "gan.interactive": "InteractiveGAN",
    "gan.inversion": "invert",
    "gan.losses": "CrossEntropy GANLoss Relativistic",
    "gan.model": "FaceGAN",
    "gan.schedules": "AccuracyGate DecayRatio EveryStep Ratio Schedule parse_schedule",
    "gan.sheets": "attribute_sheet interpolation refinement_sheet",
    "metrics.attributes": "attribute_accuracy attribute_response bias_report refinement_scores",
    "metrics.evaluate": "evaluate",
    "metrics.features": "Features",
    "metrics.samples": "unseen_faces",
    "metrics.scores": "diversity fid kid memorisation precision_recall variance_share",
    "training.callbacks": "Checkpoint CollapseWarning Curves SampleDiversity SampleGrid SampleQuality TimeBudget",
    "training.checkpoints": "load_gan",
    "training.cooldown": "Cooldown",
    "training.comparison": "compare load_comparison",
    "training.film": "training_film",
    "training.guard": "NaNGuard",
    "training.history": "load_history",
    "training.listing": "list_runs",
    "training.pretrained": "load_pretrained",
    "training.recipe": "Recipe",
    "training.recipes": "RECIPES",
    "training.runs": "faces_of_run load_run pack_run train",
    "training.tensorboard": "TensorBoardLog",
    "editing.page": "serve_page",
    "editing.session": "EditSession",
    "editing.widget": "refine_widget",
    "films": "save_film",
    "grids": "contact_sheet curves grid save_grid sheet verdict_titles",
    "metadata": "inspect",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'facegen_keras' has no attribute {name!r}")
    try:
        module = importlib.import_module(f"facegen_keras.{_HOMES[name]}")
    except ImportError as error:
        raise ImportError(
            f"facegen_keras.{name} is not available ({error}): run `python -m facegen_keras check`."
        ) from error
    globals()[name] = getattr(module, name, module)
    return globals()[name]


def __dir__():
    return sorted({*globals(), *_HOMES})


def quiet():
    """Mute TensorFlow's logs in this process: call it before anything else of this package, as TensorFlow then loads.

    While it loads, TensorFlow logs to file descriptor 2 before it reads its own log level; later it logs pages of
    harmless "remapper failed" errors for LeakyReLU, and warns at length where several models predict. Its real errors
    are Python exceptions, which stay. Where TF_CPP_MIN_LOG_LEVEL is set, nothing is changed.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with _muted_stderr(), contextlib.suppress(Exception):  # a broken TensorFlow is told by whoever needs it
        import tensorflow  # noqa: F401
    is_news = lambda record: "triggered tf.function retracing" not in record.getMessage()  # noqa: E731
    tensorflow_logger = logging.getLogger("tensorflow")
    tensorflow_logger.addFilter(is_news)
    tensorflow_logger.setLevel(logging.WARNING)  # else it says twice what each export wrote


@contextlib.contextmanager
def _muted_stderr():
    if sys.stderr is None:
        yield
        return
    kept, silence = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)
