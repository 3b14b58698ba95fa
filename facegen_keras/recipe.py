"""What a system is made of: one Recipe names its builders, data, losses, optimisers and schedule, and builds it."""

import contextlib
import dataclasses
import difflib
from collections.abc import Callable
from functools import partial

import keras

from facegen_keras.attributes import resolve_attributes
from facegen_keras.celeba import load_faces
from facegen_keras.conditioning import NoAttributes, connect_generator
from facegen_keras.gan import FaceGAN
from facegen_keras.latents import Latent
from facegen_keras.losses import CrossEntropy
from facegen_keras.refinement import RefiningGAN
from facegen_keras.schedules import EveryStep, Schedule

PRECISIONS = ("float32", "mixed_bfloat16")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A system that can be built, fed and trained; every field may be overridden in `build` and `load_faces`.

    Args:
        name: the key in `RECIPES`.
        source: the published system it reproduces.
        generator: image size, n -> the generator's body (see `builders`).
        discriminator: n -> (features, head).
        image_size: (height, width), or one number for a square.
        attributes: names, or the size of a selection; () for none.
        conditioning: how attributes enter the discriminator (see `conditioning`).
        repeat: how often each attribute is repeated in the generator's input.
        random_attributes: train G on random bits instead of the attributes of real faces.
        latent_shape: shape of one latent; None for a noise cube of the picture's own size.
        latent_distribution: "normal", "uniform", "unit" or "faces" (see `latents`).
        value_range: (low, high) of the images.
        crop: side of the centred face crop in CelebA's pixels, or None for the whole picture.
        flip: whether half of the faces are mirrored.
        passes: how often a training step refines its pictures (see `refinement`); None for recipes that do not.
        reconstruction: weight of the distance between a pass's input and output.
        averaging: decay of the running average of G's weights that samples are drawn with; 0 for none.
        augmentation: image shape -> a Keras model through which D sees pictures in training (see `augmentation`);
            None for none.
        loss: a `CrossEntropy`, or the `Relativistic` one.
        d_optimizer, g_optimizer: functions that make the Keras optimisers.
        schedule: when the discriminator trains.
        batch_size: pictures in a batch of D; half of them are real where the loss joins real and fake.
        epochs: how long the source trained.
        epochs_by_attributes: where the source trained another while for another number of attributes.
        images: how many pictures the source trained on; None for all. `load_faces` takes a fresh random choice
            of so many each epoch, or all there are if they are fewer.
        precision: "float32", or "mixed_bfloat16" to compute faster where the machine can.
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
    latent_distribution: str = "uniform"
    value_range: tuple = (0, 1)
    crop: int | None = 148
    flip: bool = False
    passes: int | None = None
    reconstruction: float = 0.5
    averaging: float = 0.0
    augmentation: Callable | None = None
    loss: CrossEntropy = CrossEntropy()
    d_optimizer: Callable = partial(keras.optimizers.Adam, 2e-4, beta_1=0.5)
    g_optimizer: Callable = partial(keras.optimizers.Adam, 2e-4, beta_1=0.5)
    schedule: Schedule = EveryStep()
    batch_size: int = 32
    epochs: int = 10
    epochs_by_attributes: tuple = ()
    images: int | None = None
    precision: str = "float32"

    @property
    def size(self):
        """Image size as (height, width)."""
        return (self.image_size, self.image_size) if isinstance(self.image_size, int) else tuple(self.image_size)

    def override(self, **changes):
        """This recipe with some of its fields changed.

        Raises:
            TypeError: there is no such field (the message names the nearest), or a loss or schedule is none.
            ValueError: an attribute or precision that does not exist.
        """
        fields = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in fields:
                close = difflib.get_close_matches(name, fields, n=1) or [", ".join(fields)]
                raise TypeError(f"Recipe {self.name!r} has no setting {name!r}: did you mean {close[0]}?")
        if "attributes" in changes:
            changes["attributes"] = resolve_attributes(changes["attributes"])
            known = dict(self.epochs_by_attributes)
            changes.setdefault("epochs", known.get(len(changes["attributes"]), self.epochs))
        for name, kind in (("loss", CrossEntropy), ("schedule", Schedule)):
            if not isinstance(changes.get(name, getattr(self, name)), kind):
                raise TypeError(
                    f"{name}={changes[name]!r}: expected a {kind.__name__}, such as {getattr(self, name)!r}."
                )
        if changes.get("precision", self.precision) not in PRECISIONS:
            raise ValueError(f"precision={changes['precision']!r}: expected one of {', '.join(PRECISIONS)}.")
        return dataclasses.replace(self, **changes)

    def build(self, seed=0, **changes):
        """Build and compile the GAN.

        Args:
            seed: of the initial weights (through `keras.utils.set_random_seed`) and of the latents in training.
            **changes: fields of the recipe to override, `attributes=8`, `schedule=Ratio(5)`, `image_size=64`.

        Returns:
            A compiled `FaceGAN`.

        Raises:
            TypeError, ValueError: see `override`; or an image size, or a loss, that this recipe cannot have.
        """
        recipe = self.override(**changes)
        n = len(recipe.attributes)
        recipe._check()
        keras.utils.set_random_seed(seed)
        latent = Latent(recipe.latent_shape or (*recipe.size, 3), recipe.latent_distribution)
        with _precision(recipe.precision):
            generator = connect_generator(recipe.generator(recipe.size, n), latent.shape, n, recipe.repeat)
            discriminator = recipe.conditioning(*recipe.discriminator(n), (*recipe.size, 3), n)
        kind = FaceGAN
        if recipe.passes is not None:
            kind = partial(RefiningGAN, passes=recipe.passes, reconstruction=recipe.reconstruction)
        gan = kind(
            generator,
            discriminator,
            latent,
            attributes=recipe.attributes,
            value_range=recipe.value_range,
            random_attributes=recipe.random_attributes,
            averaging=recipe.averaging,
            augmentation=recipe.augmentation((*recipe.size, 3)) if recipe.augmentation else None,
            recipe=recipe.name,
            seed=seed,
        )
        gan.compile(recipe.d_optimizer(), recipe.g_optimizer(), recipe.loss, recipe.schedule)
        return gan

    def load_faces(self, **options):
        """Load the faces this recipe trains on.

        Args:
            **options: those of `celeba.load_faces`, overriding the recipe's own.

        Returns:
            tf.data.Dataset of (images (b, H, W, 3) in `value_range`, attributes (b, n)).
        """
        options = {
            "image_size": self.size,
            "batch_size": self.batch_size,
            "attributes": None if self.random_attributes else self.attributes or None,
            "crop": self.crop,
            "flip": self.flip,
            "value_range": self.value_range,
            "at_most": self.images,
        } | options
        if self.loss.joint_batch:
            if options["batch_size"] < 2:
                raise ValueError(f"batch_size={options['batch_size']}: half of a batch is real here, so at least 2.")
            options["batch_size"] //= 2
        return load_faces(**options)

    def _check(self):
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


@contextlib.contextmanager
def _precision(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
