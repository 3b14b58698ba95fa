"""Every system as one Recipe: the only module that knows them all."""

from functools import partial

from keras.optimizers import Adam, RMSprop
from keras.optimizers.schedules import PiecewiseConstantDecay

from facegen_keras.data.attributes import (
    ATTRIBUTES,
    ATTRIBUTES_1,
    ATTRIBUTES_2,
    ATTRIBUTES_5,
    ATTRIBUTES_8,
    ATTRIBUTES_23,
)
from facegen_keras.gan.ema import HalfLife
from facegen_keras.gan.losses import CrossEntropy
from facegen_keras.networks import builders
from facegen_keras.networks.conditioning import Cube, LastLayer, Projection
from facegen_keras.networks.editor import editor_generator
from facegen_keras.networks.modern import modern_discriminator, modern_generator
from facegen_keras.training.recipe import Recipe

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
    epochs=300,
)

_dcgan3 = _dcgan2.override(
    name="dcgan3",
    source=f"{FACEGEN}, DCGAN 3",
    attributes=ATTRIBUTES_5,
    latent_shape=None,
    repeat=10,
    d_optimizer=RMSPROP_8E_5,
    g_optimizer=RMSPROP_8E_5,
    epochs=20,
    images=15_000,
)
_dcgan4 = _dcgan3.override(name="dcgan4", source=f"{FACEGEN}, DCGAN 4 (interactive 1)", images=20_000, passes=3)


def _adam(learning_rate):
    return {f"{network}_optimizer": partial(Adam, learning_rate, beta_1=0.5, beta_2=0.99) for network in ("d", "g")}


_modern = Recipe(
    name="modern",
    source="ours: what draws the best faces per minute on few cores",
    generator=modern_generator,
    discriminator=modern_discriminator,
    image_size=64,
    attributes=ATTRIBUTES_8,
    conditioning=Projection(),
    latent_shape=(128,),
    value_range=(-1, 1),
    flip=True,
    ema_decay=0.999,
    loss=CrossEntropy(mismatch="shuffle", weights=(1, 0.5, 0.5), gamma=1.0),
    cooldown=1 / 3,
    batch_size=32,
    epochs=50,
    **_adam(8e-4),
)

# `modern` for other sizes and machines. A penalty on the gradient of four times the pixels is a quarter as large, for
# the same change of the picture, so gamma is four times as large.
_presets = (
    _modern.override(
        name="modern_32",
        source="ours: modern at 32 pixels",
        image_size=32,
        discriminator=partial(modern_discriminator, widths=(64, 128, 256)),
        loss=CrossEntropy(mismatch="shuffle", weights=(1, 0.5, 0.5), gamma=0.25),
    ),
    _modern.override(
        name="modern_128",
        source="ours: modern at 128 pixels",
        image_size=128,
        discriminator=partial(modern_discriminator, widths=(32, 64, 128, 256, 256)),
        loss=CrossEntropy(mismatch="shuffle", weights=(1, 0.5, 0.5), gamma=4.0),
        **_adam(4e-4),
    ),
    _modern.override(  # after R3GAN's presets; 60 epochs of CelebA are 76,000 steps
        name="modern_gpu",
        source="ours: modern for a night on a GPU, not measured yet",
        generator=partial(modern_generator, width=64),
        discriminator=partial(modern_discriminator, widths=(64, 128, 256, 512)),
        loss=CrossEntropy(
            mismatch="shuffle", weights=(1, 0.5, 0.5), gamma=PiecewiseConstantDecay([40_000, 60_000], [1.0, 0.3, 0.1])
        ),
        ema_decay=HalfLife(100_000, ramp_up=0.05),
        batch_size=128,
        epochs=60,
        **_adam(4e-4),
    ),
)
PRESETS = tuple(recipe.name for recipe in _presets)

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
            latent_distribution="uniform",
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
        _dcgan2.override(epochs_by_attributes=((None, 300), (8, 50), (23, 44))),
        _dcgan2.override(
            name="dcgan2_64",
            image_size=64,
            attributes=ATTRIBUTES_5,
            d_optimizer=partial(RMSprop, 2e-4),
            g_optimizer=partial(RMSprop, 2e-4),
            epochs=10,
            images=50_000,
        ),
        _dcgan3,
        _dcgan4,
        _dcgan4.override(name="dcgan5", source=f"{FACEGEN}, DCGAN 5 (interactive 2)", latent_distribution="faces"),
        Recipe(
            name="human_face",
            source="Human Face Generator: unconditional 128-pixel DCGAN with discriminator schedules",
            generator=builders.human_face_generator,
            discriminator=builders.human_face_discriminator,
            image_size=128,
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
            latent_distribution="uniform",
            value_range=(-1, 1),
            crop=108,
            batch_size=64,
        ),
        _modern,
        *_presets,
        _modern.override(
            name="editor",
            source="ours: dcgan5 made to work, after STGAN",
            generator=editor_generator,
            latent_shape=None,
            latent_distribution="faces",
            passes=1,
            reconstruction=10.0,
            guidance=4.0,
            loss=CrossEntropy(mismatch="shuffle", weights=(1, 0.5, 0.5), gamma=0.2),
        ),
    )
}
