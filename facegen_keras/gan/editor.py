"""A generator that is fed a picture and the change of attributes that is wanted, and gives the picture back changed."""

import functools

import keras
import numpy as np
import tensorflow as tf

from facegen_keras.data.attribute_statistics import implied_attributes, related_attributes
from facegen_keras.data.attributes import ATTRIBUTES
from facegen_keras.gan.conditions import has_own_labels
from facegen_keras.gan.interactive import InteractiveGAN
from facegen_keras.gan.replicas import draw_share
from facegen_keras.networks.attribute_network import SHIPPED, SIZE, load_attribute_network

FLIPS = (0.2, 0.4, 0.2, 0.2)  # share of the training pictures in which no, one, two and three attributes change
CERTAIN = 0.9  # how sure the network shall be of what changes: as of real faces, not more
KEPT = 7.0  # weight of the attributes that are to stay
MOVED, NOISE = 4, 0.02  # pixels, and standard deviation, so that no fine pattern of G's fools the network
REST = 0.1  # weight of the distance where something changes, against 1 where nothing does


@keras.saving.register_keras_serializable("facegen_keras")
class EditorGAN(InteractiveGAN):
    """`dcgan5` made to work: it reads what a picture shows, and draws what is to change.

    Its latents are pictures. The generator is fed a picture and `attributes` minus what the attribute network reads
    off the picture, so a picture whose attributes are as asked for stays as it is, and each further pass changes what
    does not follow yet. It learns from random changes, of no attribute to three at once with what these imply. G's loss
    has three more terms, logged by these names:

    `guidance`: the cross-entropy of the attribute network, whose weights are frozen, with the attributes that change;
    `kept`: the same with all others of CelebA's 40 as the network read them before, but for those that go along with
    a change (`related_attributes`); `reconstruction`: the mean absolute difference from the picture, in full where
    nothing is to change, and a tenth of it elsewhere.

    Args:
        guidance: weight of the cross-entropies in G's loss.
        guide: file of the attribute network whose cross-entropies these are (see `train_attribute_network`), needed in
            training alone; None for the shipped one. What pictures show is read by the shipped one, always.
        **options: those of `InteractiveGAN`; `reconstruction` weighs the difference.

    Raises:
        ValueError: `guidance` is under 0; or see `InteractiveGAN`.
    """

    extra_metrics = ("reconstruction", "guidance", "kept")
    reads_pictures = True

    def __init__(self, *models, guidance=1.0, guide=None, reconstruction=10.0, **options):
        super().__init__(*models, reconstruction=reconstruction, **options)
        if has_own_labels(self):
            raise ValueError(
                f"An editor learns from the shipped attribute network, which reads CelebA's attributes and not all of "
                f"{', '.join(self.attributes)}: name CelebA's, or take a recipe without guidance, such as modern."
            )
        if not guidance >= 0:
            raise ValueError(f"guidance={guidance}: expected a weight of 0 or more.")
        self.guidance, self.guide = float(guidance), guide and str(guide)

    def generate(self, latents, attributes, training=False, again=False):
        """As `InteractiveGAN`'s; `again`, what is nearer to its target than to the other end stays."""
        change = tf.convert_to_tensor(attributes) - self._read(latents, training)
        return self.change(latents, tf.where(tf.abs(change) > 0.5, change, 0.0) if again else change, training)

    def change(self, images, change, training=False):
        """Images (b, H, W, 3), changed by attributes (b, n) in [-1, 1]: those asked for minus those shown."""
        generator = self.generator if training else self.sampling_generator
        return generator([tf.convert_to_tensor(images), tf.convert_to_tensor(change)], training=training)

    def target_attributes(self, latents, attributes):
        """Up to three attributes of each picture flipped, with what they imply: (b, n)."""
        source, count = self._read(latents, training=True), tf.shape(latents)[0]

        def draw(count):
            uniform = tf.random.stateless_uniform((count, len(self.attributes) + 1), self.seed_of_step(1))
            order = tf.argsort(uniform[:, 1:], axis=1)[:, : len(FLIPS) - 1]
            flips = tf.reduce_sum(tf.cast(uniform[:, :1] > np.cumsum(FLIPS[:-1]), tf.int32), axis=1)
            return tf.concat([flips[:, None], order], axis=1)

        drawn = draw_share(draw, count)
        target, implied = source, _implied(self.attributes)
        for place in range(min(len(FLIPS) - 1, len(self.attributes))):
            chosen = drawn[:, place + 1]
            value = 1 - tf.gather(target, chosen, axis=1, batch_dims=1)
            follows = tf.gather_nd(implied, tf.stack([chosen, tf.cast(value, tf.int32)], axis=1))
            changed = tf.where(tf.math.is_nan(follows), target, follows)
            changed = tf.where(
                tf.one_hot(chosen, len(self.attributes), True, False, dtype=tf.bool), value[:, None], changed
            )
            target = tf.where(drawn[:, :1] > place, changed, target)
        return target

    def generate_fakes(self, latents, attributes):
        change = attributes - self._read(latents, training=True)
        drawn = self.change(latents, change, training=True)
        before, after = tf.split(self._guide(self._as_seen(tf.concat([latents, drawn], axis=0))), 2)
        wanted, kept = self._cross_entropies(tf.stop_gradient(before), after, attributes, change)
        distance = tf.reduce_mean(tf.abs(drawn - latents), axis=(1, 2, 3))
        changes = tf.reduce_any(change != 0, axis=1)
        distance = tf.reduce_mean(tf.where(changes, REST * distance, distance))
        loss = self.reconstruction * distance + self.guidance * (wanted + KEPT * kept)
        return drawn, attributes, loss, {"reconstruction": distance, "guidance": wanted, "kept": kept}

    def _cross_entropies(self, before, after, attributes, change):
        """Of logits (b, 40): that of what is to change, and that of what is to stay, above its own entropy.

        The first is a cubic mean over the attributes, so that those that lag behind weigh more.
        """
        columns = [ATTRIBUTES.index(name) for name in self.attributes]
        entropies = tf.nn.sigmoid_cross_entropy_with_logits
        moved = tf.cast(change != 0, tf.float32)
        wished = (1 - CERTAIN) + (2 * CERTAIN - 1) * attributes
        wanted = tf.reduce_sum(moved * entropies(wished, tf.gather(after, columns, axis=1)), axis=0)
        wanted = tf.reduce_mean(tf.math.divide_no_nan(wanted, tf.reduce_sum(moved, axis=0)) ** 3)
        wanted = (wanted + 1e-12) ** (1 / 3)
        stays = tf.cast(moved @ related_attributes(self.attributes).astype(np.float32) == 0, tf.float32)
        shown = tf.sigmoid(before)
        kept = tf.reduce_sum(stays * (entropies(shown, after) - entropies(shown, before)), axis=1)
        return wanted, tf.reduce_mean(kept / tf.reduce_sum(stays, axis=1))

    def _read(self, images, training):
        """What the attribute network reads off images, of this GAN's attributes: 0 or 1 (b, n)."""
        columns = [ATTRIBUTES.index(name) for name in self.attributes]
        network = _network(SHIPPED, training and self._is_halved)
        logits = tf.gather(network(self._as_read(images), training=False), columns, axis=1)
        return tf.cast(tf.stop_gradient(logits) > 0, tf.float32)

    def _guide(self, images):
        return _network(self.guide or SHIPPED, self._is_halved)(images, training=False)

    @property
    def _is_halved(self):
        return self.generator.get_layer("code").compute_dtype == "bfloat16"

    def _as_read(self, images):
        low, high = self.value_range
        images = (tf.convert_to_tensor(images) - low) / (high - low)
        return images if self.size == (SIZE, SIZE) else tf.image.resize(images, (SIZE, SIZE), antialias=True)

    def _as_seen(self, images):
        """Images before and after, as the network sees them while G learns: moved, and noisy, both alike."""
        images, seed = self._as_read(images), self.seed_of_step(2)
        count = tf.shape(images)[0]
        images = tf.pad(images, [(0, 0), (MOVED, MOVED), (MOVED, MOVED), (0, 0)], "SYMMETRIC")
        images = tf.image.stateless_random_crop(images, (count, SIZE, SIZE, 3), seed)
        noise = tf.random.stateless_normal((count // 2, SIZE, SIZE, 3), seed, stddev=NOISE)
        return images + tf.tile(noise, (2, 1, 1, 1))

    def get_config(self):
        return super().get_config() | {"guidance": self.guidance, "guide": self.guide}


@functools.cache
def _network(path, halved):
    with tf.init_scope():
        network = load_attribute_network(path, "mixed_bfloat16" if halved else "float32")
    if network.attributes != ATTRIBUTES:
        raise ValueError(f"{path}: an editor's guide reads CelebA's 40 attributes, and this one reads others.")
    network.trainable = False
    return network


@functools.cache
def _implied(attributes):
    """For each attribute and each of its values, what follows of the others (n, 2, n); NaN where nothing does."""
    follows = np.full((len(attributes), 2, len(attributes)), np.nan, np.float32)
    for i, name in enumerate(attributes):
        for value in (0, 1):
            for other, implied in implied_attributes({name: value}).items():
                if other in attributes:
                    follows[i, value, attributes.index(other)] = implied
    return follows
