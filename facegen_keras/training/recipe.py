"""What a system is made of: one Recipe names its builders, data, losses, optimisers and schedule, and builds it."""

import contextlib
import dataclasses
import difflib
import logging
from collections.abc import Callable
from functools import partial

import keras
import tensorflow as tf

from facegen_keras.checks import check_whole
from facegen_keras.data.attributes import check_spelling, resolve_attributes
from facegen_keras.data.celeba import load_faces
from facegen_keras.data.images import CROP, check_size
from facegen_keras.data.selection import check_amount
from facegen_keras.gan.accumulation import check_parts
from facegen_keras.gan.distribution import check_batch_size, find_strategy
from facegen_keras.gan.editor import EditorGAN
from facegen_keras.gan.ema import HalfLife, check_ema_decay
from facegen_keras.gan.interactive import InteractiveGAN
from facegen_keras.gan.latents import FACES, Latent
from facegen_keras.gan.losses import CrossEntropy, GANLoss
from facegen_keras.gan.model import FaceGAN
from facegen_keras.gan.schedules import EveryStep, Schedule, parse_schedule
from facegen_keras.gan.training_memory import check_training_memory
from facegen_keras.metrics.samples import unseen_faces
from facegen_keras.networks.conditioning import NoAttributes, connect_generator
from facegen_keras.networks.dtype_policy import choose_dtype_policy
from facegen_keras.networks.keras_version import is_keras_before
from facegen_keras.training.cooldown import check_cooldown

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A system that can be built, fed and trained; every field may be overridden in `build` and `override`.

    Args:
        name: the key in `RECIPES`.
        source: the published system it reproduces.
        generator: (image size, n) -> the generator's body (see `builders`): a Keras model, or a function of Keras
            tensors, of the vector of latent and attributes to images.
        discriminator: n -> (features, head).
        image_size: (height, width), or one number for a square.
        attributes: names, of CelebA's attributes or of labels of one's own, or the size of a selection; () for none.
        conditioning: how attributes enter the discriminator (see `conditioning`).
        repeat: how many times each attribute is repeated in the generator's input.
        random_attributes: whether G is trained on random bits instead of the attributes of real faces.
        latent_shape: shape of one latent; None for a noise cube of the picture's own size.
        latent_distribution: "normal", "uniform", "unit" or "faces" (see `latents`).
        value_range: (low, high) of the images.
        crop: width of the centred crop in CelebA's 178x218 pixels, or None for the whole picture.
        flip: whether half of the faces, drawn anew each epoch, are mirrored.
        passes: how often a training step refines its pictures (see `InteractiveGAN`); None for recipes that do not.
        reconstruction: weight of the distance between a pass's input and output.
        guidance: weight of what the attribute network sees (see `EditorGAN`); None for recipes that do not ask it.
        guide: file of the attribute network that is asked; None for the shipped one.
        ema_decay: decay of the moving average of G's weights that samples are drawn with, a number or a `HalfLife`; 0
            for none.
        augmentation: image shape -> a Keras model through which D sees pictures in training (see `augmentation`);
            None for none.
        loss: a `GANLoss`.
        d_optimizer, g_optimizer: functions that make the Keras optimisers.
        cooldown: the last share of a training, 0 to 1, in which `train` and `compare` let both learning rates fall to a
            tenth (see `Cooldown`); `fit` has it as a callback.
        schedule: when the discriminator trains: a `Schedule`, or text for `parse_schedule`.
        batch_size: pictures in a batch of D; half of them are real where the loss has a joint batch.
        epochs: how long the source trained.
        epochs_by_attributes: pairs (number of attributes, or None for all others; epochs); an override of `epochs`
            clears it.
        images: the fixed number of pictures that the source trained on, or all where there are fewer; None for all.
        random_select: pictures an epoch, chosen afresh from those each epoch; None for all of them.
        dtype_policy: "auto" takes what this machine is fast at (see `choose_dtype_policy`); or Keras' "float32",
            "mixed_bfloat16" or "mixed_float16". Weights, losses, penalties, statistics and pictures are always float32.
        jit_compile, steps_per_execution, gradient_accumulation_steps: see `FaceGAN.compile`.

    Raises:
        ValueError: an attribute, schedule or dtype policy that does not exist, or a number out of range.
        TypeError: a loss or schedule that is none.
    """

    name: str
    source: str
    generator: Callable
    discriminator: Callable
    image_size: int | tuple = 32
    attributes: tuple = ()
    conditioning: Callable = NoAttributes()
    repeat: int = 1
    random_attributes: bool = False
    latent_shape: tuple | None = (100,)
    latent_distribution: str = "normal"
    value_range: tuple = (0, 1)
    crop: int | None = CROP
    flip: bool = False
    passes: int | None = None
    reconstruction: float = 0.5
    guidance: float | None = None
    guide: str | None = None
    ema_decay: float | HalfLife = 0.0
    augmentation: Callable | None = None
    loss: GANLoss = CrossEntropy()
    d_optimizer: Callable = partial(keras.optimizers.Adam, 2e-4, beta_1=0.5)
    g_optimizer: Callable = partial(keras.optimizers.Adam, 2e-4, beta_1=0.5)
    cooldown: float = 0.0
    schedule: Schedule = EveryStep()
    batch_size: int = 32
    epochs: int = 10
    epochs_by_attributes: tuple = ()
    images: int | float | None = None
    random_select: int | float | None = None
    dtype_policy: str = "auto"
    jit_compile: bool | str = "auto"
    steps_per_execution: int = 1
    gradient_accumulation_steps: int = 1

    def __post_init__(self):
        object.__setattr__(self, "attributes", check_spelling(resolve_attributes(self.attributes)))
        if isinstance(self.schedule, str):
            object.__setattr__(self, "schedule", parse_schedule(self.schedule))
        for name, kind in (("loss", GANLoss), ("schedule", Schedule)):
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name}={getattr(self, name)!r}: expected a {kind.__name__}.")
        choose_dtype_policy(self.dtype_policy)
        check_size(self.image_size, self.crop)
        check_whole("batch_size", self.batch_size, 1)
        check_ema_decay(self.ema_decay)
        check_cooldown(self.cooldown)
        check_amount("images", self.images)
        check_amount("random_select", self.random_select)
        steps = check_whole("steps_per_execution", self.steps_per_execution, 1)
        if steps > 1 and is_keras_before(WHOLE_EPOCHS):
            raise ValueError(
                f"steps_per_execution={steps}: Keras {keras.version()} loses an epoch's last steps: use 1."
            )
        parts = check_whole("gradient_accumulation_steps", self.gradient_accumulation_steps, 1)
        if parts > 1:
            check_parts(self.real_pictures, parts)
        if self.guidance is not None and self.passes is None:
            raise ValueError(f"guidance={self.guidance}: {self.name!r} refines no pictures; give it passes, too.")
        if self.guide is not None and self.guidance is None:
            raise ValueError(f"guide={str(self.guide)!r}: {self.name!r} is not guided; take a recipe that is, editor.")
        if self.jit_compile not in (True, False, "auto"):
            raise ValueError(f'jit_compile={self.jit_compile!r}: expected True, False or "auto".')

    @property
    def size(self):
        """Image size as (height, width)."""
        return (self.image_size, self.image_size) if isinstance(self.image_size, int) else tuple(self.image_size)

    @property
    def real_pictures(self):
        """Real pictures in a batch."""
        return self.batch_size // 2 if self.loss.joint_batch else self.batch_size

    def override(self, **changes):
        """This recipe with some of its fields changed.

        Raises:
            TypeError: there is no such field (the message names the nearest), or see `Recipe`.
            ValueError: see `Recipe`.
        """
        fields = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in fields:
                close = difflib.get_close_matches(name, fields, n=1) or [", ".join(fields)]
                raise TypeError(f"Recipe {self.name!r} has no setting {name!r}: did you mean {close[0]}?")
        if "epochs" in changes:
            changes.setdefault("epochs_by_attributes", ())
        elif "attributes" in changes:
            known, n = dict(self.epochs_by_attributes), len(resolve_attributes(changes["attributes"]))
            changes["epochs"] = known.get(n, known.get(None, self.epochs))
        return dataclasses.replace(self, **changes)

    def build(self, seed=0, strategy=None, **changes):
        """Build and compile the GAN.

        Args:
            seed: of the initial weights (through `keras.utils.set_random_seed`) and of the latents in training.
            strategy: the devices it is trained on: "mirrored", "multiworker", a `tf.distribute.Strategy`, or None (see
                `find_strategy`). The batch size is that of all replicas together.
            **changes: fields of the recipe to override, `attributes=8`, `schedule=Ratio(5)`, `image_size=64`.

        Returns:
            A compiled `FaceGAN`.

        Raises:
            TypeError, ValueError: see `override` and `find_strategy`; or an image size, or a loss, that this recipe
                cannot have, or a batch that does not divide among the replicas.
        """
        recipe = self.override(**changes)
        recipe.check()
        strategy = find_strategy(strategy)
        recipe.check_replicas(strategy.num_replicas_in_sync)
        with strategy.scope():
            return recipe._build(seed)

    def _build(self, seed):
        n = len(self.attributes)
        keras.utils.set_random_seed(seed)
        latent = Latent(self.latent_shape or (*self.size, 3), self.latent_distribution)
        with _dtype_policy(choose_dtype_policy(self.dtype_policy)):
            generator = connect_generator(self.generator(self.size, n), latent.shape, n, self.repeat)
            discriminator = self.conditioning(*self.discriminator(n), (*self.size, 3), n)
        kind = FaceGAN
        if self.passes is not None:
            kind = partial(InteractiveGAN, passes=self.passes, reconstruction=self.reconstruction)
        if self.guidance is not None:
            kind = partial(EditorGAN, *kind.args, guidance=self.guidance, guide=self.guide, **kind.keywords)
        gan = kind(
            generator,
            discriminator,
            latent,
            augmentation=self.augmentation((*self.size, 3)) if self.augmentation else None,
            recipe=self.name,
            seed=seed,
            **{name: getattr(self, name) for name in GAN_FIELDS},
        )
        settings = {name: getattr(self, name) for name in STEP_FIELDS}
        gan.compile(self.d_optimizer(), self.g_optimizer(), self.loss, self.schedule, **settings)
        return gan

    def check_memory(self, replicas=1):
        """The bytes that each replica's training takes, estimated before any is taken.

        Raises:
            ValueError: it is more than there are (see `check_training_memory`).
        """
        with tf.Graph().as_default():  # where variables have shapes, and take no memory
            return check_training_memory(self.build(), self.real_pictures // replicas)

    def load_faces(self, **options):
        """Load the faces this recipe trains on.

        Args:
            **options: those of `celeba.load_faces`, overriding the recipe's own.

        Returns:
            tf.data.Dataset of (images (b, H, W, 3) in `value_range`, attributes (b, n)).

        Raises:
            As `celeba.load_faces`; ValueError for a batch that cannot be halved.
        """
        options = {
            "image_size": self.size,
            "attributes": None if self.random_attributes else self.attributes or None,
            **{name: getattr(self, name) for name in FACE_FIELDS},
        } | options
        if self.loss.joint_batch:
            if options["batch_size"] < 2:
                raise ValueError(f"batch_size={options['batch_size']}: half of a batch is real here, so at least 2.")
            options["batch_size"] //= 2
        return load_faces(**options)

    def check_replicas(self, count):
        """ValueError if a batch does not divide among so many replicas, or into parts of a step."""
        if count > 1 and self.gradient_accumulation_steps > 1:
            raise ValueError(
                f"gradient_accumulation_steps={self.gradient_accumulation_steps}: {count} replicas divide a batch "
                "already. Take 1, or more replicas."
            )
        check_batch_size(self.real_pictures, count)

    def check(self):
        """ValueError if attributes, conditioning and loss do not go together."""
        sees_attributes = not isinstance(self.conditioning, NoAttributes)
        if sees_attributes and not self.attributes:
            raise ValueError(f"Recipe {self.name!r} is conditional: attributes must name at least one.")
        if self.attributes and not sees_attributes and not self.random_attributes:
            raise ValueError(
                f"Recipe {self.name!r} shows its discriminator no attributes, so its generator would not learn "
                f"{', '.join(self.attributes)}: pass conditioning=Cube() too, or use a conditional recipe."
            )
        if self.random_attributes and sees_attributes:
            raise ValueError(
                f"Recipe {self.name!r} draws attributes at random: its discriminator cannot judge by them."
            )
        if self.loss.mismatch and not sees_attributes:
            raise ValueError(f"Recipe {self.name!r} has no attributes to mismatch: pass loss=CrossEntropy().")
        if self.loss.attribute_dropout and not sees_attributes:
            raise ValueError(
                f"Recipe {self.name!r} has no attributes that D could not be told: pass attribute_dropout=0."
            )


def reserve_faces(recipe, data=None, seed=0):
    """A recipe that leaves faces to measure a generator by that is fed faces (dcgan5).

    Such a generator must be measured on faces that it was not trained on. Where the recipe would train on all faces of
    a folder without a valid and a test split, it is given nine tenths of them.

    Args:
        recipe: a `Recipe`; all but those that are fed faces are returned as they are.
        data, seed: as for `load_faces`.
    """
    if recipe.latent_distribution != FACES:
        return recipe
    try:
        unseen_faces(recipe, 1, data, recipe.images, seed)
    except ValueError as error:
        logger.info("%s is trained on nine tenths of the faces: %s", recipe.name, error)
        return recipe.override(images=0.9)
    return recipe


WHOLE_EPOCHS = (3, 10)  # the oldest Keras that was tested to run all of an epoch's steps, several at a time
GAN_FIELDS = ("attributes", "value_range", "crop", "random_attributes", "ema_decay")
STEP_FIELDS = ("jit_compile", "steps_per_execution", "gradient_accumulation_steps")
FACE_FIELDS = ("batch_size", "crop", "flip", "value_range", "images", "random_select")


@contextlib.contextmanager
def _dtype_policy(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
