"""FaceGAN: a generator and a discriminator that learn from each other under plain `fit`."""

import dataclasses

import keras
import tensorflow as tf

from facegen_keras.judging import Judge
from facegen_keras.latents import Latent
from facegen_keras.losses import CrossEntropy
from facegen_keras.resuming import Resumable
from facegen_keras.sampler import Sampler
from facegen_keras.schedules import AccuracyGate, EveryStep, Progress

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
class FaceGAN(Judge, Sampler, Resumable, keras.Model):
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
        averaging: decay, in [0, 1), of a running average of G's weights, which `sample` then draws with: single steps
            of a GAN sway, their average does not (Yaz et al. 2019). It warms up: the first steps average fewer.
        augmentation: a Keras model of pictures to pictures, differentiable, through which D sees all of them in
            training, real and generated alike, so that it cannot win by what does not matter.
        recipe: name of the recipe it was built from.
        seed: of the latents drawn in training.
    """

    own_logs = ()  # what a subclass logs beside the rest

    def __init__(
        self,
        generator,
        discriminator,
        latent,
        attributes=(),
        value_range=(0, 1),
        random_attributes=False,
        averaging=0.0,
        augmentation=None,
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
        if not 0 <= averaging < 1:
            raise ValueError(f"averaging={averaging}: expected a decay from 0 (off) to under 1, such as 0.999.")
        self.averaging = averaging
        self.averaged_generator = _copy(generator) if averaging else None
        self.augmentation = augmentation
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
        if self.gan_loss.compares and isinstance(self.schedule, AccuracyGate):
            raise ValueError(f"{self.gan_loss!r} leaves D without an accuracy that {self.schedule!r} could go by.")
        d_optimizer.build(self.discriminator.trainable_variables)
        g_optimizer.build(self.generator.trainable_variables)
        names = ["d_loss", "g_loss", "d_real", "d_fake", "d_accuracy", "d_trained"]
        if self.gan_loss.mismatch:
            names.insert(4, "d_mismatch")
        self.trackers = {name: MeanOrNaN(name=name) for name in (*names, *self.own_logs)}

    @property
    def metrics(self):
        return list(self.trackers.values()) if self.compiled else []

    def fit(self, x=None, *args, callbacks=None, **options):
        """Keras' `fit`, on batches of (images, attributes). Logs, all of them means over the epoch:

        `d_loss`, `g_loss`, with all penalties; `d_real`, `d_fake`, `d_mismatch`: D's mean probability that such input
        is real; `d_accuracy`: D's running accuracy on real and generated faces; `d_trained`: share of steps in which D
        trained. What a resting D did not measure is NaN.

        As in Keras, epochs are counted from `initial_epoch`: a GAN that was loaded goes on with
        `fit(..., initial_epoch=gan.epochs_done.numpy(), epochs=...)`.
        """
        if isinstance(x, tf.data.Dataset):
            options.setdefault("shuffle", False)  # it shuffles itself; Keras would warn
        return super().fit(x, *args, callbacks=[_EpochCounter(), *(callbacks or [])], **options)

    @property
    def sampling_generator(self):
        """The generator that samples are drawn with: of averaged weights, where these are kept."""
        return self.averaged_generator or self.generator

    def generate(self, latents, attributes, training=False):
        """Images (b, H, W, 3) in `value_range`, from latents (b, ...) and attributes (b, n).

        In training they are G's own; else those of G's averaged weights, where these are kept.
        """
        latents = tf.convert_to_tensor(latents)
        inputs = [latents, tf.convert_to_tensor(attributes)] if self.attributes else latents
        return (self.generator if training else self.sampling_generator)(inputs, training=training)

    def draw(self, latents, attributes):
        """What `sample` shows of latents (b, ...) and attributes (b, n): images (b, H, W, 3) in `value_range`."""
        return self.sampling_generator.predict_on_batch([latents, attributes] if self.attributes else latents)

    def draw_fakes(self, images, wanted):
        """Draw what G is trained on in one step; systems that draw otherwise override this, and `draw`.

        Args:
            images: the real pictures of the batch (b, H, W, 3).
            wanted: attributes to draw (b, n).

        Returns:
            Images (k, H, W, 3), the attributes of each (k, n), and a scalar to add to G's loss.
        """
        latents = self.latent.start(images, self.seed_of_step(0))
        return self.generate(latents, wanted, training=True), wanted, 0.0

    def train_step(self, data):
        images, attributes = self._check_batch(data)
        wanted = self._attributes_to_draw(attributes)
        with tf.GradientTape() as tape:
            fakes, wanted, penalty = self.draw_fakes(images, wanted)
            with tape.stop_recording():
                progress = Progress(self.steps_done.value, self.epochs_done.value, self._accuracy())
                trained = self.schedule(progress)
                tf.cond(trained, lambda: self._train_discriminator(images, attributes, fakes, wanted), tf.no_op)
            logits = self.judge(fakes, wanted, training=True)
            real = self.judge(images, attributes, training=True) if self.gan_loss.compares else None
            loss = self.gan_loss.generator_loss(logits, real) + penalty
        gradients = tape.gradient(loss, self.generator.trainable_variables)
        self.g_optimizer.apply(gradients, self.generator.trainable_variables)
        self._average()
        self._follow(self.fake_accuracy, self.gan_loss.probability(logits) < 0.5)
        self.track(g_loss=loss, d_trained=trained, d_accuracy=self._accuracy())
        self.steps_done.assign_add(1)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def _average(self):
        if not self.averaging:
            return
        step = tf.cast(self.steps_done.value, tf.float32)
        keep = tf.minimum(self.averaging, (1 + step) / (10 + step))
        for average, variable in zip(self.averaged_generator.variables, self.generator.variables):
            if keras.backend.is_float_dtype(variable.dtype):  # dropout's random states are counters
                average.assign(keep * average + (1 - keep) * variable)

    def _check_batch(self, data):
        """A batch, its shapes compared with the models' while the training step is traced."""
        if not isinstance(data, tuple) or len(data) != 2 or len(data[1].shape) != 2:
            raise ValueError(
                "fit is given no batches of (images (b, H, W, 3), attributes (b, n)): make them by load_faces."
            )
        images, attributes = data
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
        return images, attributes

    def _train_discriminator(self, images, attributes, fakes, wanted):
        fakes = tf.stop_gradient(fakes)
        with tf.GradientTape() as tape:
            with tf.GradientTape() as slopes:
                slopes.watch([images, fakes])
                logits = self.judge_kinds(images, attributes, fakes, wanted)
                believed = tf.reduce_sum(logits["real"]) + tf.reduce_sum(logits["fake"])
            loss = self.gan_loss.discriminator_loss(*logits.values())
            if self.gan_loss.penalty:
                steepness = sum(_mean_square_length(slope) for slope in slopes.gradient(believed, [images, fakes]))
                loss += self.gan_loss.penalty / 2 * steepness
        gradients = tape.gradient(loss, self.discriminator.trainable_variables)
        self.d_optimizer.apply(gradients, self.discriminator.trainable_variables)
        probability = {name: self.gan_loss.probability(of) for name, of in logits.items()}
        self._follow(self.real_accuracy, probability["real"] >= 0.5)
        self.track(d_loss=loss, **{f"d_{name}": of for name, of in probability.items()})
        return tf.no_op()

    def _attributes_to_draw(self, attributes):
        if not self.random_attributes:
            return attributes
        shape = (tf.shape(attributes)[0], len(self.attributes))
        return tf.cast(tf.random.stateless_uniform(shape, self.seed_of_step(1)) < 0.5, tf.float32)

    def seed_of_step(self, stream):
        """A seed for what is random in this training step, another one for each `stream`."""
        return tf.random.fold_in(tf.stack([tf.cast(self.seed, tf.int64), self.steps_done.value]), stream)

    def _accuracy(self):
        return (self.real_accuracy.value + self.fake_accuracy.value) / 2

    def _follow(self, running, correct):
        running.assign(SMOOTHING * running + (1 - SMOOTHING) * tf.reduce_mean(tf.cast(correct, tf.float32)))

    def track(self, **values):
        """Log values of this training step by the names of `compile`'s trackers."""
        for name, value in values.items():
            self.trackers[name].update_state(value)

    def get_config(self):
        return {
            "name": self.name,
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "latent": dataclasses.asdict(self.latent),
            "attributes": self.attributes,
            "value_range": self.value_range,
            "random_attributes": self.random_attributes,
            "averaging": self.averaging,
            "augmentation": keras.saving.serialize_keras_object(self.augmentation),
            "recipe": self.recipe,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        names = [name for name in ("generator", "discriminator", "augmentation") if config.get(name)]
        return cls(**config | {name: keras.saving.deserialize_keras_object(config[name]) for name in names})


def _mean_square_length(slope):
    """Of gradients (b, H, W, 3), one a picture."""
    return tf.reduce_mean(tf.reduce_sum(tf.square(slope), axis=(1, 2, 3)))


def _copy(model):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    copy.trainable = False
    return copy
