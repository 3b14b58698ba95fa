"""What a FaceGAN draws, changes and judges: arrays in, arrays out, always in inference mode."""

import json

import numpy as np
import tensorflow as tf

from facegen_keras.checks import check_whole
from facegen_keras.gan import conditions, inversion
from facegen_keras.gan.latents import FACES, check_truncation, choose_faces
from facegen_keras.gan.rejection import candidates_for, check_reject, sample_and_reject
from facegen_keras.memory import check_memory
from facegen_keras.progress import tell_time_left


class Drawing:
    """The part of `FaceGAN` that a trained one is asked by: samples, changes of faces, and D's verdict."""

    @property
    def sampling_generator(self):
        """The generator that samples are drawn with: the one of averaged weights, where these are kept."""
        return self.ema_generator or self.generator

    def predict_images(self, latents, attributes):
        """What `sample` shows of latents (b, ...) and attributes (b, n): images (b, H, W, 3) in `value_range`."""
        return self.sampling_generator.predict_on_batch([latents, attributes] if self.attributes else latents)

    def sample(self, count=64, attributes=None, seed=0, latents=None, batch_size=64, reject=0.0):
        """Draw faces.

        Args:
            count: how many, at least 1; ignored when `latents` are given.
            attributes: what they should look like, see `sample_attributes`.
            seed: whole number; the same seed draws the same faces.
            latents: array (count, *latent.shape) to draw from, instead of random ones.
            batch_size: faces drawn at once; bounds the memory.
            reject: share of the faces to leave out: `count / (1 - reject)` are drawn, and those that D finds the least
                real among faces of the same attributes are left out. Those that are left vary less.

        Returns:
            uint8 array (count, H, W, 3).

        Raises:
            ValueError: see `sample_attributes`; or a count, seed or batch size that is no whole number, latents of
                another shape, more pictures than fit into memory, or nothing that D could reject, or judge by.
        """
        batch_size = check_whole("batch_size", batch_size, 1)
        if reject and (latents is not None or self.latent.distribution == FACES):
            raise ValueError(f"reject={reject}: these latents are given, so there are no others to choose from.")
        if latents is None:
            check_reject(self, check_whole("count", count, 1), reject)
            self._check_memory(candidates_for(count, reject))
            latents = self.sample_latents(count, seed)
        latents = np.asarray(latents, np.float32)
        if latents.shape[1:] != self.latent.shape or not len(latents):
            raise ValueError(f"latents has shape {latents.shape}: expected (count, {str(self.latent.shape)[1:-1]}).")
        attributes = self.sample_attributes(len(latents), attributes, seed)
        if reject:
            return sample_and_reject(self, latents, attributes, reject, seed, batch_size)
        batches = [slice(i, i + batch_size) for i in range(0, len(latents), batch_size)]
        batches = tell_time_left(batches, f"Drawing {len(latents):,} samples")
        return np.concatenate([self.to_pictures(self.predict_images(latents[b], attributes[b])) for b in batches])

    def _check_memory(self, count):
        count = check_whole("count", count, 1)
        picture, latent = np.prod((*self.size, 3)), np.prod(self.latent.shape)
        needed = count * int(2 * picture + 4 * (latent + len(self.attributes)))  # pictures: in batches, then in one
        mend = "draw fewer at a time, and others by another seed"
        check_memory(f"sample(count={count:,})", needed, mend)

    def sample_latents(self, count, seed=0):
        """Latents for `sample`: float32 array (count, *latent.shape), the same for the same seed."""
        count, seed = check_whole("count", count, 1), check_whole("seed", seed)
        check_truncation(self)
        if self.latent.distribution == FACES:
            return self.to_images(choose_faces(self.start_faces, count, self.size, seed, self.crop))
        return self.latent.sample(count, [seed, 0], self.truncation).numpy()

    def sample_attributes(self, count, attributes=None, seed=0):
        """Attribute vectors for `sample`: float32 array (count, n); see `conditions.sample_attributes`."""
        return conditions.sample_attributes(self, count, attributes, seed)

    def refine(self, pictures, attributes, passes=1, seed=0, verbose=0, tune=0, keep_detail=False):
        """Change what pictures of faces show, and keep the rest: uint8 (passes, n, H, W, 3); see `inversion.refine`."""
        return inversion.refine(self, pictures, attributes, passes, seed, verbose, tune, keep_detail)

    def verdict(self, pictures, attributes=None, batch_size=64):
        """D's probability that each picture is a real face (with these attributes).

        It is D's opinion in inference mode: batch norm's averages are of the faces it saw last in training, real and
        generated ones where it trains, generated ones alone while it rests.

        Args:
            pictures: uint8 (count, H, W, 3).
            attributes: array (n,) or (count, n); needed where D sees attributes.
            batch_size: pictures judged at once; bounds the memory.

        Returns:
            float32 array (count,) in [0, 1].

        Raises:
            ValueError: attributes are missing, a batch size that is none, or the GAN was loaded without its loss.
        """
        batch_size = check_whole("batch_size", batch_size, 1)
        if not self.compiled:
            raise ValueError("This GAN was loaded with compile=False, without the loss that says what D's logits mean.")
        if self.discriminator.reads_attributes and attributes is None:
            raise ValueError(f"The discriminator of {self.recipe!r} judges a face by its attributes: pass them.")
        if attributes is not None:
            attributes = self.sample_attributes(len(pictures), attributes)
        batches = [slice(i, i + batch_size) for i in range(0, len(pictures), batch_size)]
        asked = [None if attributes is None else attributes[batch] for batch in batches]
        logits = [self.discriminate(self.to_images(pictures[b]), [wanted])[0] for b, wanted in zip(batches, asked)]
        return self.gan_loss.probability(tf.concat(logits, axis=0)).numpy().ravel()

    def to_pictures(self, images):
        """Images in `value_range` to uint8 pictures, of any shape."""
        low, high = self.value_range
        return np.clip(np.rint((np.asarray(images) - low) * (255 / (high - low))), 0, 255).astype(np.uint8)

    def to_images(self, pictures):
        """Pictures uint8 to float32 images in `value_range`, of any shape."""
        low, high = self.value_range
        return np.asarray(pictures, np.float32) * ((high - low) / 255) + low


def about_samples(gan, attributes=None, seed=0, reject=0.0):
    """What a picture of `gan.sample` says about itself.

    Args:
        gan, attributes, seed, reject: what `gan.sample` was called with.

    Returns:
        dict of name to value, for `save_grid`.
    """
    asked = (
        (attributes or {}) if attributes is None or isinstance(attributes, dict) else np.asarray(attributes).tolist()
    )
    about = {"Software": "facegen_keras", "Recipe": gan.recipe, "Epoch": int(gan.epochs_done.numpy()), "Seed": seed}
    about |= {"Attributes": json.dumps(asked)} | ({"Rejected": reject} if reject else {})
    return about | ({"Truncation": gan.truncation} if gan.truncation != 1 else {})


def sample_with_verdicts(gan, count, attributes=None, seed=0, reject=0.0):
    """Draw faces, and let D judge each by the attributes that it was drawn with.

    Args:
        gan, count, attributes, seed, reject: as for `FaceGAN.sample`.

    Returns:
        uint8 array (count, H, W, 3), and D's probability that each is real, float32 (count,).
    """
    if gan.attributes or attributes:
        attributes = gan.sample_attributes(count, attributes, seed)
    pictures = gan.sample(count, attributes, seed, reject=reject)
    return pictures, gan.verdict(pictures, attributes)
