"""FaceGAN: a generator and a discriminator that learn from each other under plain `fit`."""

import keras
import numpy as np
import tensorflow as tf

from facegen_keras.attribute_statistics import draw_attributes
from facegen_keras.attributes import ATTRIBUTES, resolve_attributes
from facegen_keras.latents import Latent
from facegen_keras.losses import CrossEntropy
from facegen_keras.schedules import EveryStep, Progress

SMOOTHING = 0.9  # of the running accuracy: it looks back over about ten steps


class MeanOrNaN(keras.metrics.Mean):
    """A mean that says NaN, not 0, when nothing was measured: D at rest has no loss."""

    def result(self):
        return tf.where(self.count > 0, tf.math.divide_no_nan(self.total, self.count), float("nan"))


class _EpochCounter(keras.callbacks.Callback):
    """Tells the training step, and a saved model, which epoch it is."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.epochs_done.assign(epoch)

    def on_epoch_end(self, epoch, logs=None):
        self.model.epochs_done.assign(epoch + 1)


@keras.saving.register_keras_serializable("facegen_keras")
class FaceGAN(keras.Model):
    """A GAN of faces, conditional on attributes or not.

    Usually made by `Recipe.build`. Trains with `fit` on batches of (images, attributes) as `load_faces` gives
    them; `save` keeps everything that training needs to go on, and Keras' `load_model` brings it back.

    Args:
        generator: Model of `[latents, attributes]`, or latents alone, to images (b, H, W, 3) in `value_range`.
        discriminator: Model of `[images, attributes]`, or images alone, to logits (b, 1).
        latent: a `Latent`, or the arguments of one as a dict.
        attributes: names of the attributes the generator reads, in order.
        value_range: (low, high) of the images.
        random_attributes: True when G is trained on random bits instead of the attributes of real faces.
        recipe: name of the recipe it was built from.
        seed: of the latents drawn in training.
    """

    def __init__(
        self,
        generator,
        discriminator,
        latent,
        attributes=(),
        value_range=(0, 1),
        random_attributes=False,
        recipe="custom",
        seed=0,
        **options,
    ):
        super().__init__(**options)
        self.generator = generator
        self.discriminator = discriminator
        self.latent = latent if isinstance(latent, Latent) else Latent(**latent)
        self.attributes = tuple(attributes)
        self.value_range = tuple(value_range)
        self.random_attributes = random_attributes
        self.recipe = recipe
        self.seed = seed
        self.steps_done = self.add_weight(dtype="int64", initializer="zeros", trainable=False, name="steps_done")
        self.epochs_done = self.add_weight(dtype="int64", initializer="zeros", trainable=False, name="epochs_done")
        half = keras.initializers.Constant(0.5)
        self.real_accuracy = self.add_weight(initializer=half, trainable=False, name="real_accuracy")
        self.fake_accuracy = self.add_weight(initializer=half, trainable=False, name="fake_accuracy")
        self.built = True

    def compile(self, d_optimizer, g_optimizer, loss=None, schedule=None, **options):
        """Set how it trains.

        Args:
            d_optimizer, g_optimizer: Keras optimisers of discriminator and generator.
            loss: a `CrossEntropy` or its like; by default the plain one.
            schedule: when D trains (see `schedules`); by default at every step.
        """
        options = {"jit_compile": False} | options  # XLA made every recipe slower on CPU
        super().compile(optimizer=g_optimizer, **options)
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
        self.gan_loss = loss or CrossEntropy()
        self.schedule = schedule or EveryStep()
        d_optimizer.build(self.discriminator.trainable_variables)
        g_optimizer.build(self.generator.trainable_variables)
        names = ["d_loss", "g_loss", "d_real", "d_fake", "d_accuracy", "d_trained"]
        if self.gan_loss.mismatch:
            names.insert(4, "d_mismatch")
        self.trackers = {name: MeanOrNaN(name=name) for name in names}

    @property
    def metrics(self):
        return list(self.trackers.values()) if self.compiled else []

    def fit(self, x=None, *args, callbacks=None, **options):
        """Keras' `fit`, on batches of (images, attributes). Logs, all of them means over the epoch:

        `d_loss`, `g_loss`; `d_real`, `d_fake`, `d_mismatch`: D's mean probability that such input is real;
        `d_accuracy`: D's running accuracy on real and generated faces; `d_trained`: share of steps in which D
        trained. What a resting D did not measure is NaN.

        As in Keras, epochs are counted from `initial_epoch`: a GAN that was loaded goes on with
        `fit(..., initial_epoch=gan.epochs_done.numpy(), epochs=...)`.
        """
        if isinstance(x, tf.data.Dataset):
            options.setdefault("shuffle", False)  # it shuffles itself; Keras would warn
        return super().fit(x, *args, callbacks=[_EpochCounter(), *(callbacks or [])], **options)

    @property
    def judges_attributes(self):
        """Whether D sees attributes beside the picture."""
        return len(self.discriminator.inputs) > 1

    def generate(self, latents, attributes, training=False):
        """Images (b, H, W, 3) in `value_range`, from latents (b, ...) and attributes (b, n)."""
        latents = tf.convert_to_tensor(latents)
        inputs = [latents, tf.convert_to_tensor(attributes)] if self.attributes else latents
        return self.generator(inputs, training=training)

    def judge(self, images, attributes, training=False):
        """D's logits (b, 1) on images (b, H, W, 3) with attributes (b, n)."""
        images = tf.convert_to_tensor(images)
        inputs = [images, tf.convert_to_tensor(attributes)] if self.judges_attributes else images
        return self.discriminator(inputs, training=training)

    def train_step(self, data):
        images, attributes = data
        self._check_batch(images, attributes)
        count = tf.shape(images)[0]
        wanted = self._attributes_to_draw(attributes)
        latents = self.latent.draw(count, self._seed_of_step(0))
        with tf.GradientTape() as tape:
            fakes = self.generate(latents, wanted, training=True)
            with tape.stop_recording():
                progress = Progress(self.steps_done.value, self.epochs_done.value, self._accuracy())
                trained = self.schedule(progress)
                tf.cond(trained, lambda: self._train_discriminator(images, attributes, fakes, wanted), tf.no_op)
            logits = self.judge(fakes, wanted, training=True)
            loss = self.gan_loss.generator_loss(logits)
        gradients = tape.gradient(loss, self.generator.trainable_variables)
        self.g_optimizer.apply(gradients, self.generator.trainable_variables)
        self._follow(self.fake_accuracy, self.gan_loss.probability(logits) < 0.5)
        self._track(g_loss=loss, d_trained=trained, d_accuracy=self._accuracy())
        self.steps_done.assign_add(1)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def _check_batch(self, images, attributes):
        """Compare the shapes of a batch with the models', while the training step is traced."""
        made, given = self.generator.output_shape[1:], images.shape[1:]
        if tuple(made) != tuple(given):
            raise ValueError(
                f"The faces are {tuple(given)}, but this generator makes {tuple(made)}: load them with "
                f"load_faces(image_size={made[:2]}), or by the recipe that built the GAN."
            )
        if attributes.shape[1] != len(self.attributes) and not self.random_attributes and self.attributes:
            raise ValueError(
                f"The faces come with {attributes.shape[1]} attributes, but this GAN has {len(self.attributes)}: load "
                f"them with load_faces(attributes={list(self.attributes)}), or by the recipe that built the GAN."
            )

    def _train_discriminator(self, images, attributes, fakes, wanted):
        batches = {"real": (images, attributes), "fake": (tf.stop_gradient(fakes), wanted)}
        if self.gan_loss.mismatch:
            batches["mismatch"] = (images, self.gan_loss.wrong_attributes(attributes))
        with tf.GradientTape() as tape:
            logits = dict(zip(batches, self._judge_batches(list(batches.values()))))
            loss = self.gan_loss.discriminator_loss(*logits.values())
        gradients = tape.gradient(loss, self.discriminator.trainable_variables)
        self.d_optimizer.apply(gradients, self.discriminator.trainable_variables)
        probability = {name: self.gan_loss.probability(of) for name, of in logits.items()}
        self._follow(self.real_accuracy, probability["real"] >= 0.5)
        self._track(d_loss=loss, **{f"d_{name}": of for name, of in probability.items()})
        return tf.no_op()

    def _judge_batches(self, batches):
        if not self.gan_loss.joint_batch:
            return [self.judge(images, attributes, training=True) for images, attributes in batches]
        images, attributes = zip(*batches)
        attributes = tf.concat(attributes, axis=0) if self.judges_attributes else None
        images = tf.concat(images, axis=0)
        return tf.split(self.judge(images, attributes, training=True), len(batches))

    def _attributes_to_draw(self, attributes):
        if not self.random_attributes:
            return attributes
        shape = (tf.shape(attributes)[0], len(self.attributes))
        return tf.cast(tf.random.stateless_uniform(shape, self._seed_of_step(1)) < 0.5, tf.float32)

    def _seed_of_step(self, stream):
        return tf.random.fold_in(tf.stack([tf.cast(self.seed, tf.int64), self.steps_done.value]), stream)

    def _accuracy(self):
        return (self.real_accuracy.value + self.fake_accuracy.value) / 2

    def _follow(self, running, correct):
        running.assign(SMOOTHING * running + (1 - SMOOTHING) * tf.reduce_mean(tf.cast(correct, tf.float32)))

    def _track(self, **values):
        for name, value in values.items():
            self.trackers[name].update_state(value)

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
        if attributes is not None and not self.attributes:
            raise ValueError(
                f"This {self.recipe!r} generator has no attributes, so it cannot be asked for {attributes}: use a "
                "conditional recipe (facegen_keras.RECIPES lists the attributes of each)."
            )
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
        return self.to_pictures(np.concatenate([self.generate(latents[b], wanted[b]) for b in batches]))

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

    def _own_state(self):
        """Everything but weights and optimisers that training needs to go on: counters, and dropout's random states."""
        models = self.generator.variables + self.discriminator.variables
        random = [variable for variable in models if variable.name == "seed_generator_state"]
        names = ("steps_done", "epochs_done", "real_accuracy", "fake_accuracy")
        return {name: getattr(self, name) for name in names} | {f"random_{i}": v for i, v in enumerate(random)}

    def save_own_variables(self, store):
        for name, variable in self._own_state().items():
            store[name] = variable.numpy()

    def load_own_variables(self, store):
        for name, variable in self._own_state().items():
            variable.assign(store[name])

    def get_config(self):
        return {
            "name": self.name,
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "latent": {"shape": self.latent.shape, "distribution": self.latent.distribution},
            "attributes": self.attributes,
            "value_range": self.value_range,
            "random_attributes": self.random_attributes,
            "recipe": self.recipe,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        models = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("generator", "discriminator")}
        return cls(**config | models)

    def get_compile_config(self):
        parts = {"d_optimizer": self.d_optimizer, "g_optimizer": self.g_optimizer}
        parts |= {"loss": self.gan_loss, "schedule": self.schedule}
        return {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}

    def compile_from_config(self, config):
        self.compile(**{name: keras.saving.deserialize_keras_object(part) for name, part in config.items()})


def _check_strengths(values):
    values = np.asarray(values, np.float32)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"attribute strengths {values.tolist()}: each must be between 0 (absent) and 1 (present).")
