"""Every published system as one Recipe: builders, data, losses, optimisers, schedule and source."""

import contextlib
import dataclasses
import difflib
from collections.abc import Callable
from functools import partial

import keras

from facegen_keras import builders
from facegen_keras.attributes import (
    ATTRIBUTES,
    ATTRIBUTES_1,
    ATTRIBUTES_2,
    ATTRIBUTES_5,
    ATTRIBUTES_23,
    resolve_attributes,
)
from facegen_keras.celeba import load_faces
from facegen_keras.conditioning import Cube, LastLayer, NoAttributes, connect_generator
from facegen_keras.gan import FaceGAN
from facegen_keras.latents import Latent
from facegen_keras.losses import CrossEntropy
from facegen_keras.schedules import EveryStep, Schedule

Adam, RMSprop = keras.optimizers.Adam, keras.optimizers.RMSprop
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
        latent_distribution: "normal", "uniform" or "unit".
        value_range: (low, high) of the images.
        crop: side of the centred face crop in CelebA's pixels, or None for the whole picture.
        loss: a `CrossEntropy`.
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
    loss: CrossEntropy = CrossEntropy()
    d_optimizer: Callable = partial(Adam, 2e-4, beta_1=0.5)
    g_optimizer: Callable = partial(Adam, 2e-4, beta_1=0.5)
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
        gan = FaceGAN(
            generator,
            discriminator,
            latent,
            attributes=recipe.attributes,
            value_range=recipe.value_range,
            random_attributes=recipe.random_attributes,
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


FACEGEN = "FaceGen: attribute-conditional faces with refinement"
RMSPROP_8E_5 = partial(RMSprop, 8e-5)

_dcgan2 = Recipe(
    name="dcgan2",
    source=f"{FACEGEN}, DCGAN 2",
    generator=builders.dcgan_generator,
    discriminator=builders.dcgan_discriminator,
    attributes=ATTRIBUTES_2,
    conditioning=Cube(),
    loss=CrossEntropy(mismatch="flip"),
    d_optimizer=partial(Adam, 2e-4),
    g_optimizer=partial(Adam, 2e-4),
    epochs=300,
)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="fc_gan",
            source=f"{FACEGEN}, fully connected GAN",
            generator=builders.fc_generator,
            discriminator=builders.fc_discriminator,
            image_size=(218, 178),
            crop=None,
            attributes=ATTRIBUTES_23,
            conditioning=LastLayer(),
            d_optimizer=partial(Adam, 8e-5, beta_1=0.5),
            g_optimizer=partial(Adam, 8e-5, beta_1=0.5),
            batch_size=16,
            epochs=100,
            images=40_000,
        ),
        _dcgan2.override(
            name="dcgan1",
            source=f"{FACEGEN}, DCGAN 1",
            attributes=ATTRIBUTES_1,
            conditioning=LastLayer(),
            d_optimizer=partial(RMSprop, 1e-4),
            g_optimizer=partial(RMSprop, 1e-4),
            epochs=10,
            images=50_000,
        ),
        _dcgan2.override(epochs_by_attributes=((2, 300), (8, 50), (23, 44))),
        _dcgan2.override(
            name="dcgan2_64",
            image_size=64,
            attributes=ATTRIBUTES_5,
            d_optimizer=partial(RMSprop, 2e-4),
            g_optimizer=partial(RMSprop, 2e-4),
            epochs=10,
            images=50_000,
        ),
        _dcgan2.override(
            name="dcgan3",
            source=f"{FACEGEN}, DCGAN 3",
            attributes=ATTRIBUTES_5,
            latent_shape=None,
            latent_distribution="normal",
            repeat=10,
            d_optimizer=RMSPROP_8E_5,
            g_optimizer=RMSPROP_8E_5,
            epochs=20,
            images=15_000,
        ),
        Recipe(
            name="human_face",
            source="Human Face Generator: unconditional 128-pixel DCGAN with discriminator schedules",
            generator=builders.human_face_generator,
            discriminator=builders.human_face_discriminator,
            image_size=128,
            latent_distribution="normal",
            value_range=(-1, 1),
            d_optimizer=partial(Adam, 1e-4),  # not stated by the source; TensorFlow's DCGAN tutorial
            g_optimizer=partial(Adam, 1e-4),
            epochs=100,
            images=10_000,
        ),
        Recipe(
            name="attribute_noise",
            source="2020 Face Generation: attributes as the noise",
            generator=builders.attribute_noise_generator,
            discriminator=builders.attribute_noise_discriminator,
            image_size=64,
            attributes=ATTRIBUTES,
            random_attributes=True,
            latent_shape=(1,),
            latent_distribution="unit",
            value_range=(-1, 1),
            loss=CrossEntropy(real_label=0, joint_batch=True),
            d_optimizer=partial(Adam, 1e-4, beta_1=0.5),
            batch_size=128,
        ),
        Recipe(
            name="udacity",
            source="Udacity deep learning nanodegree: face generation",
            generator=builders.udacity_generator,
            discriminator=builders.udacity_discriminator,
            value_range=(-1, 1),
            crop=108,
            batch_size=64,
        ),
    )
}
