"""FaceGen's interactive systems: a generator that is fed pictures, and then what it drew, again and again."""

import functools

import keras
import tensorflow as tf

from facegen_keras.checks import check_whole
from facegen_keras.gan.model import FaceGAN

MOST_PASSES = 100


@keras.saving.register_keras_serializable("facegen_keras")
class InteractiveGAN(FaceGAN):
    """FaceGen's interactive systems, DCGAN 4 and 5: each pass refines the picture of the pass before.

    Its latents are pictures: noise cubes (DCGAN 4) or faces (DCGAN 5). D sees every pass. G's loss has one more
    term, logged as `reconstruction`: the L2 distance between the input and the output of each pass, averaged over the
    batch and summed over the passes.

    Args:
        passes: refinement passes in a training step and in `sample`, at least 1.
        reconstruction: weight of the distance in G's loss.
        **options: those of `FaceGAN`.

    Raises:
        ValueError: `passes` is under 1 or over 100, `reconstruction` is under 0, or the latents are no pictures.
    """

    extra_metrics = ("reconstruction",)
    takes_pictures = True

    def __init__(self, *models, passes=3, reconstruction=0.5, **options):
        super().__init__(*models, **options)
        if not reconstruction >= 0:
            raise ValueError(f"reconstruction={reconstruction}: expected a weight of 0 or more.")
        if check_whole("passes", passes, 1) > MOST_PASSES:
            raise ValueError(f"passes={passes}: expected {MOST_PASSES} at most.")
        if self.latent.shape != (*self.size, 3):
            raise ValueError(f"{self.latent}: expected {(*self.size, 3)}, as each pass reads what the one before drew.")
        self.passes, self.reconstruction = int(passes), float(reconstruction)

    def generate_passes(self, images, attributes, passes, training=False):
        """The outputs of `passes` passes, a list of images (b, H, W, 3), from images of that shape."""
        draw, drawn = self.generate if training else self._compiled_generate, [images]
        for place in range(passes):
            drawn.append(draw(drawn[-1], attributes, training=training, again=place > 0))
        return drawn[1:]

    def generate(self, latents, attributes, training=False, again=False):
        """As `FaceGAN`'s, of one pass; `again`: its latents are what the pass before drew."""
        return super().generate(latents, attributes, training)

    @functools.cached_property
    def _compiled_generate(self):
        return tf.function(self.generate, reduce_retracing=True, autograph=False)

    def predict_images(self, latents, attributes):
        return self.generate_passes(latents, attributes, self.passes)[-1]

    def generate_fakes(self, latents, attributes):
        outputs = self.generate_passes(latents, attributes, self.passes, training=True)
        inputs = [latents, *outputs[:-1]]
        distance = sum(_l2_distance(fed, drawn) for fed, drawn in zip(inputs, outputs))
        attributes = tf.tile(attributes, (self.passes, 1))
        return tf.concat(outputs, axis=0), attributes, self.reconstruction * distance, {"reconstruction": distance}

    def get_config(self):
        return super().get_config() | {"passes": self.passes, "reconstruction": self.reconstruction}


def _l2_distance(a, b):
    """Mean over the batch of the L2 distance between images (b, H, W, 3)."""
    squares = tf.reduce_sum(tf.square(a - b), axis=(1, 2, 3))
    return tf.reduce_mean(tf.sqrt(squares + 1e-8))  # the root has no slope at 0
