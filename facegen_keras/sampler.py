"""What a trained GAN is asked for: latents, attributes, faces, and the discriminator's verdict on them."""

import os
from collections.abc import Iterable

import numpy as np

from facegen_keras.attribute_network import estimate_attributes, to_size
from facegen_keras.attribute_statistics import draw_attributes, settled_by
from facegen_keras.attributes import ATTRIBUTES, resolve_attributes
from facegen_keras.photos import load_photos
from facegen_keras.projection import project


class Sampler:
    """The part of `FaceGAN` that draws: arrays in, arrays out, always in inference mode."""

    def draw_latents(self, count, seed=0):
        """Latents for `sample`: float32 array (count, *latent.shape), the same for the same seed."""
        return self.latent.draw(count, [seed, 0]).numpy()

    def draw_attributes(self, count, attributes=None, seed=0):
        """Attribute vectors for `sample`.

        Args:
            count: how many.
            attributes: None, or a dict of name to strength in [0, 1], `{"Male": 1, "Smiling": 0.5}`; what it does
                not name is drawn as it goes with the rest in CelebA. Or an array (n,) or (count, n).
            seed: of what is left to chance.

        Returns:
            float32 array (count, n).

        Raises:
            ValueError: an attribute this generator does not have, or a strength outside 0..1.
        """
        if attributes is not None:
            self.require_attributes()
        if attributes is None or isinstance(attributes, dict):
            return self._complete(attributes or {}, count, seed)
        given = np.asarray(attributes, np.float32)
        if given.shape not in ((len(self.attributes),), (count, len(self.attributes))):
            raise ValueError(
                f"attributes has shape {given.shape}: expected a dict, ({len(self.attributes)},) or "
                f"({count}, {len(self.attributes)}) for {', '.join(self.attributes)}."
            )
        _check_strengths(given)
        return np.broadcast_to(given, (count, len(self.attributes))).copy()

    def require_attributes(self):
        """Do nothing where this generator has attributes; else raise a ValueError that names the recipes that have."""
        if not self.attributes:
            from facegen_keras.recipes import RECIPES  # the recipes are built of this class

            able = ", ".join(name for name, recipe in RECIPES.items() if recipe.attributes)
            raise ValueError(
                f"This {self.recipe!r} generator has no attributes to ask for: use load_pretrained(), or one of the "
                f"recipes {able}."
            )

    def _complete(self, wishes, count, seed):
        names = resolve_attributes(list(wishes), known=self.attributes)
        _check_strengths(list(wishes.values()))
        if self.random_attributes:
            vectors = np.random.default_rng(seed).integers(0, 2, (count, len(self.attributes)))
        else:
            certain = {name: strength for name, strength in wishes.items() if strength in (0, 1)}
            vectors = draw_attributes(count, seed, given=certain)[:, [ATTRIBUTES.index(a) for a in self.attributes]]
        vectors = vectors.astype(np.float32)
        for name in names:
            vectors[:, self.attributes.index(name)] = wishes[name]
        return vectors

    def sample(self, count=64, attributes=None, seed=0, latents=None, batch_size=64):
        """Draw faces.

        Args:
            count: how many, at least 1; ignored when `latents` are given.
            attributes: what they should look like, see `draw_attributes`.
            seed: whole number; the same seed draws the same faces.
            latents: array (count, *latent.shape) to draw from, instead of random ones.
            batch_size: faces drawn at once; bounds the memory.

        Returns:
            uint8 array (count, H, W, 3).

        Raises:
            ValueError: see `draw_attributes`; or latents of another shape.
        """
        if count < 1:
            raise ValueError(f"count={count}: expected at least 1 face.")
        latents = self.draw_latents(count, seed) if latents is None else np.asarray(latents, np.float32)
        if latents.shape[1:] != self.latent.shape:
            raise ValueError(f"latents has shape {latents.shape}: expected (count, {str(self.latent.shape)[1:-1]}).")
        wanted = self.draw_attributes(len(latents), attributes, seed)
        batches = [slice(i, i + batch_size) for i in range(0, len(latents), batch_size)]
        return np.concatenate([self.to_pictures(self.draw(latents[b], wanted[b])) for b in batches])

    def refine(self, pictures, attributes, passes=1, crop=148, seed=0, verbose=0):
        """Change what pictures of faces show, and keep the rest.

        Generators that are fed pictures (dcgan4, dcgan5) draw each pass from the pass before. For the others, the
        latents are searched that redraw the pictures (`project`), and drawn again with the attributes changed; each
        further pass goes on searching, so that it comes nearer to the pictures.

        Args:
            pictures: uint8 array (n, H, W, 3) of faces framed as `load_faces` frames them; or a photograph, or a list
                of them, paths or whatever `load_photo` opens, which are framed by it.
            attributes: dict of name to strength in [0, 1] of what should change; all else stays as it is read off
                the pictures (`estimate_attributes`). Or an array (n,) or (count, n) of all.
            passes: how many passes, at least 1.
            crop: of photographs, as this generator was trained on.
            seed: of the latents where the search starts.
            verbose: 1 for a progress bar of the search.

        Returns:
            uint8 array (passes, n, H, W, 3): the pictures after each pass, in this generator's size.

        Raises:
            ValueError: see `draw_attributes` and `load_photo`; or no attributes, or no pass.
        """
        if passes < 1:
            raise ValueError(f"passes={passes}: expected at least 1.")
        if attributes is None or len(attributes) == 0:
            raise ValueError(f"No attributes to refine by: name some of {', '.join(self.attributes)}.")
        size = self.generator.output_shape[1:3]
        if not isinstance(pictures, np.ndarray):
            alone = isinstance(pictures, (str, bytes, os.PathLike)) or not isinstance(pictures, Iterable)
            pictures = load_photos([pictures] if alone else pictures, size, crop)
        pictures = to_size(pictures, size)
        if not self.attributes or not isinstance(attributes, dict):
            attributes = self.draw_attributes(len(pictures), attributes)
        own = self.read_attributes(pictures)
        wanted = self.change_attributes(own, attributes) if isinstance(attributes, dict) else attributes
        return np.stack(self.refine_passes(pictures, own, wanted, passes, seed, verbose))

    def refine_passes(self, pictures, own, wanted, passes, seed=0, verbose=0):
        """The passes of `refine` on pictures with attributes `own`, to be `wanted` (n, attributes)."""
        drawn, latents = [], None
        for _ in range(passes):
            latents = project(self, pictures, own, latents=latents, seed=seed, verbose=verbose).latents
            drawn.append(self.sample(attributes=wanted, latents=latents))
        return drawn

    def recall(self, pictures, seed=0, verbose=0):
        """What this generator redraws pictures from.

        Args:
            pictures: uint8 array (n, H, W, 3) of the generator's size.
            seed, verbose: as for `refine`.

        Returns:
            Latents (n, *latent.shape), attributes (n, k) as read off the pictures, and the root mean square
            difference (n,) between each picture and what is redrawn, 0 to 1.
        """
        own = self.read_attributes(pictures)
        found = project(self, pictures, own, seed=seed, verbose=verbose)
        return found.latents, own, found.error

    def read_attributes(self, pictures):
        """Which of this generator's attributes pictures show, by `estimate_attributes`: float32 (n, k) of 0 and 1."""
        columns = [ATTRIBUTES.index(name) for name in self.attributes]
        return np.rint(estimate_attributes(pictures)[:, columns]).astype(np.float32)

    def change_attributes(self, own, wish):
        """Attributes with some changed.

        Args:
            own: float array (n, k) of what n pictures show.
            wish: dict of name to strength in [0, 1]; what that settles (`settled_by`) is changed, too.

        Returns:
            float32 array (n, k).

        Raises:
            ValueError: see `draw_attributes`.
        """
        resolve_attributes(list(wish), known=self.attributes)
        wanted = np.array(own, np.float32)
        for name, strength in (settled_by(wish) | wish).items():
            if name in self.attributes:
                wanted[:, self.attributes.index(name)] = strength
        return self.draw_attributes(len(wanted), wanted)

    def verdict(self, pictures, attributes=None):
        """D's probability that each picture is a real face (with these attributes).

        It is D's opinion in inference mode: batch norm's averages are of the faces it saw last in training, real and
        generated ones where it trains, generated ones alone while it rests.

        Args:
            pictures: uint8 (count, H, W, 3).
            attributes: array (n,) or (count, n); needed where D sees attributes.

        Returns:
            float32 array (count,) in [0, 1].
        """
        if self.judges_attributes and attributes is None:
            raise ValueError(f"The discriminator of {self.recipe!r} judges a face by its attributes: pass them.")
        if attributes is not None:
            attributes = self.draw_attributes(len(pictures), attributes)
        logits = self.judge(self.to_images(pictures), attributes)
        return self.gan_loss.probability(logits).numpy().ravel()

    def to_pictures(self, images):
        """Images in `value_range` to uint8 pictures, of any shape."""
        low, high = self.value_range
        return np.clip(np.rint((np.asarray(images) - low) * (255 / (high - low))), 0, 255).astype(np.uint8)

    def to_images(self, pictures):
        """Pictures uint8 to float32 images in `value_range`, of any shape."""
        low, high = self.value_range
        return np.asarray(pictures, np.float32) * ((high - low) / 255) + low


def _check_strengths(values):
    values = np.asarray(values, np.float32)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"attribute strengths {values.tolist()}: each must be between 0 (absent) and 1 (present).")
