"""The interactive systems: a FaceGAN whose generator is fed pictures, and then what it drew, again and again."""

import keras
import tensorflow as tf

from facegen_keras.gan import FaceGAN
from facegen_keras.projection import root_mean_square


@keras.saving.register_keras_serializable("facegen_keras")
class RefiningGAN(FaceGAN):
    """FaceGen's interactive systems, DCGAN 4 and 5: each pass refines the picture of the pass before.

    Its latents are pictures: noise cubes (DCGAN 4) or faces (DCGAN 5). D sees every pass. G's loss has one more
    term, logged as `reconstruction`: the L2 distance between the input and the output of each pass, a mean over the
    batch and a sum over the passes.

    Args:
        passes: refinement passes in a training step and in `sample`, at least 1.
        reconstruction: weight of the distance in G's loss.
        **options: those of `FaceGAN`.

    Raises:
        ValueError: `passes` is under 1, or `reconstruction` under 0.
    """

    own_logs = ("reconstruction",)

    def __init__(self, *models, passes=3, reconstruction=0.5, **options):
        super().__init__(*models, **options)
        if int(passes) != passes or passes < 1:
            raise ValueError(f"passes={passes}: expected a whole number, at least 1.")
        if not reconstruction >= 0:
            raise ValueError(f"reconstruction={reconstruction}: expected a weight of 0 or more.")
        self.passes, self.reconstruction = int(passes), float(reconstruction)

    def draw_passes(self, pictures, wanted, passes, training=False):
        """The outputs of `passes` passes, a list of images (b, H, W, 3), from pictures of that shape."""
        drawn = [pictures]
        for _ in range(passes):
            drawn.append(self.generate(drawn[-1], wanted, training))
        return drawn[1:]

    def draw(self, latents, attributes):
        return self.draw_passes(latents, attributes, self.passes)[-1]

    def draw_fakes(self, images, wanted):
        first = self.latent.start(images, self.seed_of_step(0))
        outputs = self.draw_passes(first, wanted, self.passes, training=True)
        inputs = [first, *outputs[:-1]]
        distance = sum(_l2_distance(fed, drawn) for fed, drawn in zip(inputs, outputs))
        self.track(reconstruction=distance)
        wanted = tf.tile(wanted, (self.passes, 1))
        return tf.concat(outputs, axis=0), wanted, self.reconstruction * distance

    def refine_passes(self, pictures, own, wanted, passes, seed=0, verbose=0):
        drawn = self.draw_passes(self.to_images(pictures), wanted, passes)
        return [self.to_pictures(images) for images in drawn]

    def recall(self, pictures, seed=0, verbose=0):
        latents, own = self.to_images(pictures), self.read_attributes(pictures)
        error = root_mean_square(self.sample(attributes=own, latents=latents), pictures)
        return latents, own, error

    def get_config(self):
        return super().get_config() | {"passes": self.passes, "reconstruction": self.reconstruction}


def _l2_distance(a, b):
    """Mean over the batch of the L2 distance between images (b, H, W, 3)."""
    squares = tf.reduce_sum(tf.square(a - b), axis=(1, 2, 3))
    return tf.reduce_mean(tf.sqrt(squares + 1e-8))  # the root has no slope at 0
