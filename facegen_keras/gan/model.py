"""FaceGAN: a generator and a discriminator that learn from each other under plain `fit`."""

import keras
import tensorflow as tf

from facegen_keras.checks import check_seed, check_whole
from facegen_keras.data.attributes import resolve_attributes
from facegen_keras.data.images import CROP, check_size
from facegen_keras.data.label_statistics import LabelStatistics
from facegen_keras.gan import conditions
from facegen_keras.gan.augmentation import follows_accuracy
from facegen_keras.gan.distribution import draw_on_one_device, share_batches
from facegen_keras.gan.drawing import Drawing
from facegen_keras.gan.ema import check_ema_decay, frozen_copy
from facegen_keras.gan.latents import Latent
from facegen_keras.gan.losses import CrossEntropy
from facegen_keras.gan.optimizers import OptimizerPair, with_loss_scale
from facegen_keras.gan.saving import COUNTERS, Saving
from facegen_keras.gan.schedules import AccuracyGate, EveryStep
from facegen_keras.gan.tracking import LastMean, leaving_out, with_own
from facegen_keras.gan.train_step import make_train_function

MEASURE = "call fg.evaluate(gan), which compares its samples with real faces"


@keras.saving.register_keras_serializable("facegen_keras")
class FaceGAN(Saving, Drawing, keras.Model):
    """A GAN of faces, conditional on attributes or not.

    Usually made by `Recipe.build`. Trains with `fit` on batches of (images, attributes) as `load_faces` gives
    them; `save` keeps everything that training needs to go on, and `load_gan` brings it back.

    Args:
        generator: Model of `[latents, attributes]`, or latents alone, to images (b, H, W, 3) in `value_range`.
        discriminator: a `Discriminator`: of `[images, attributes]`, or images alone, to logits (b, 1).
        latent: a `Latent`, or the arguments of one as a dict.
        attributes: names of the attributes that the generator reads, in order.
        value_range: (low, high) of the images.
        crop: how its faces are framed: width of the centred crop in CelebA's 178x218 pixels; None: whole pictures.
        random_attributes: True when G is trained on random bits instead of the attributes of real faces.
        ema_decay: decay, in [0, 1), of an exponential moving average of G's weights, which `sample` then uses: single
            steps of a GAN sway, their average does not (Yaz et al. 2019). The first steps average fewer; 0 for none. Or
            a `HalfLife`, in images.
        augmentation: a differentiable Keras model of images to images, through which D sees all of them in training,
            real and generated alike.
        recipe: name of the recipe it was built from.
        seed: of the latents in training.
        label_statistics: the `LabelStatistics` of its attributes, or their configuration, where these are not CelebA's;
            `fit` takes those of the faces.

    Attributes:
        start_faces: uint8 array (n, H, W, 3): what `sample` feeds to a generator whose latents are faces; None for
            drawn sample faces. It is not saved.
        truncation: over 0 and at most 1: random latents are drawn so much nearer to their mean. Below 1 fewer faces are
            torn, and all vary less (Karras et al. 2019's truncation, in the latents themselves). Not saved.
        attribute_network: the `.npz` file of the network that reads its attributes off pictures, wherever they are
            read (see `train_attribute_network`); None for the one that is shipped, which reads CelebA's. Not saved.

    Raises:
        ValueError: an argument is out of range, or the generator reads other latents or attributes.
    """

    extra_metrics = ()  # what a subclass logs beside the rest
    takes_pictures = False  # whether latents are pictures, and each output may go in again
    reads_pictures = False  # whether it reads its attributes off them by itself, as the shipped attribute network does
    start_faces = None
    truncation = 1.0
    attribute_network = None
    batches_to_leave_out = 0  # of an epoch that was interrupted: those that were trained on before

    def __init__(
        self, generator, discriminator, latent, attributes=(), value_range=(0, 1), crop=CROP, random_attributes=False,
        ema_decay=0.0, augmentation=None, recipe="custom", seed=0, label_statistics=None, **options
    ):  # fmt: skip
        super().__init__(**options)
        check_ema_decay(ema_decay)
        if len(value_range) != 2 or not -float("inf") < value_range[0] < value_range[1] < float("inf"):
            raise ValueError(f"value_range={value_range}: expected (low, high), two numbers, such as (0, 1).")
        self.generator, self.discriminator = generator, discriminator
        self.latent = latent if isinstance(latent, Latent) else Latent(**latent)
        self.attributes, self.value_range, self.crop = resolve_attributes(attributes), tuple(value_range), crop
        self.random_attributes, self.ema_decay, self.augmentation = random_attributes, ema_decay, augmentation
        self.recipe, self.seed = recipe, check_seed(seed)
        if label_statistics is not None and not isinstance(label_statistics, LabelStatistics):
            label_statistics = LabelStatistics.from_config(self.attributes, label_statistics)
        self.label_statistics = label_statistics
        check_size(self.size, crop)
        conditions.check_inputs(self)
        self.ema_generator = frozen_copy(generator) if ema_decay else None
        draw_on_one_device(self.sampling_generator)
        for name in COUNTERS:
            setattr(self, name, self.add_weight(dtype="int64", initializer="zeros", trainable=False, name=name))
        half = keras.initializers.Constant(0.5)
        self.real_accuracy = self.add_weight(initializer=half, trainable=False, name="real_accuracy")
        self.fake_accuracy = self.add_weight(initializer=half, trainable=False, name="fake_accuracy")
        # What is left of the learning rates, and D's and G's full ones (see `Cooldown`); 0 before it:
        self.cooldown_state = self.add_weight(shape=(3,), initializer="zeros", trainable=False, name="cooldown_state")
        self.built = True

    @property
    def size(self):
        """(height, width) of its pictures."""
        return tuple(self.generator.output_shape[1:3])

    def compile(
        self, d_optimizer, g_optimizer, loss=None, schedule=None, jit_compile="auto", steps_per_execution=1,
        gradient_accumulation_steps=1, **options
    ):  # fmt: skip
        """Set how it trains.

        Args:
            d_optimizer, g_optimizer: Keras optimisers of discriminator and generator; each gets a loss scale where the
                networks compute in float16 (see `with_loss_scale`).
            loss: a `GANLoss`; by default `CrossEntropy()`.
            schedule: when D trains (see `schedules`); by default at every step.
            jit_compile: whether XLA compiles the training step: True, False, or "auto", Keras' own choice on GPUs, and
                False on processors, where XLA made every recipe slower. XLA draws other random numbers.
            steps_per_execution: training steps from one call of Keras' callbacks to the next; more of them keep a fast
                GPU from waiting for Python.
            gradient_accumulation_steps: into how many parts a training step divides its batch, to take less memory and
                a little more time; schedules, EMA and logs count steps, as ever (see `accumulation`).
            **options: others of Keras' `compile`.
        """
        d_optimizer, g_optimizer = (
            with_loss_scale(optimizer, self.discriminator, self.generator) for optimizer in (d_optimizer, g_optimizer)
        )
        options |= {"jit_compile": jit_compile, "steps_per_execution": steps_per_execution}
        several = self.distribute_strategy.num_replicas_in_sync > 1
        if jit_compile == "auto" and (several or not tf.config.list_physical_devices("GPU")):
            options["jit_compile"] = False
        elif jit_compile and several:
            raise ValueError('jit_compile=True: XLA compiles no step of several replicas. Take False or "auto".')
        super().compile(optimizer=g_optimizer, **options)
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
        self.optimizer = OptimizerPair(d_optimizer, g_optimizer)
        self.jit_setting = jit_compile
        self.gradient_accumulation_steps = check_whole("gradient_accumulation_steps", gradient_accumulation_steps, 1)
        self.gan_loss, self.schedule = loss or CrossEntropy(), schedule or EveryStep()
        if self.gan_loss.is_relativistic and isinstance(self.schedule, AccuracyGate):
            raise ValueError(f"{self.gan_loss!r} leaves D without an accuracy that {self.schedule!r} could go by.")
        if self.gan_loss.is_relativistic and follows_accuracy(self.augmentation):
            raise ValueError(f"{self.gan_loss!r} leaves D without an accuracy that diffusion_noise could go by.")
        d_optimizer.build(self.discriminator.trainable_variables)
        g_optimizer.build(self.generator.trainable_variables)
        names = ["d_loss", "g_loss", "d_real", "d_fake", "d_accuracy", "d_trained"]
        if self.gan_loss.mismatch:
            names.insert(4, "d_mismatch")
        self.trackers = {name: LastMean(name=name) for name in (*names, *self.extra_metrics)}

    @property
    def metrics(self):
        return list(self.trackers.values()) if self.compiled else []

    def fit(self, x=None, *args, callbacks=None, **options):
        """Keras' `fit`, on batches of (images, attributes). It logs means over the epoch:

        `d_loss` and `g_loss`, with all penalties; `d_real`, `d_fake`, `d_mismatch`: D's mean probability that such
        pictures are real; `d_accuracy`: D's running accuracy on real and generated faces; `d_trained`: share of steps
        in which D trained. What only D's steps measure keeps its last value while D rests.

        As in Keras, epochs are counted from `initial_epoch`: a GAN that was loaded goes on with
        `fit(..., initial_epoch=gan.epochs_done.numpy(), epochs=...)`. An epoch that was interrupted goes on at its next
        batch; the faces of `load_faces` are then those that it would have seen. A learning rate that a callback sets is
        G's; D's keeps its ratio to it. `TerminateOnNaN` looks at both losses.

        Raises:
            ValueError: there are `validation_data`: a GAN has no loss that faces it was not trained on could tell; or
                training would take more memory than there is (see `training_memory`).
        """
        if options.get("validation_data") is not None or options.get("validation_split"):
            raise ValueError(f"fit takes no validation_data: {MEASURE}, or fg.SampleQuality as a callback.")
        if isinstance(x, tf.data.Dataset):
            options.setdefault("shuffle", False)  # it shuffles itself; Keras would warn
        next_epoch, statistics = (getattr(x, name, None) for name in ("next_epoch", "label_statistics"))
        if conditions.has_own_labels(self) and statistics and statistics.names == self.attributes:
            self.label_statistics = statistics
        x = share_batches(x, self.distribute_strategy)
        return super().fit(x, *args, callbacks=with_own(callbacks, self, next_epoch), **options)

    def make_train_function(self, force=False):
        if self.train_function is None or force:
            self.train_function = leaving_out(make_train_function(self), self)

    def _maybe_symbolic_build(self, *args, **options):
        """Under a strategy Keras would draw a batch, to build a model that is built already."""

    def reset_metrics(self):
        if int(self.batches_done.numpy()) == 0:  # else an epoch that was interrupted goes on
            super().reset_metrics()

    def evaluate(self, *args, **options):
        raise NotImplementedError(f"A GAN has no loss to evaluate it by: {MEASURE}.")

    def predict(self, *args, **options):
        raise NotImplementedError("A GAN draws faces by gan.sample, and changes them by gan.refine.")

    def target_attributes(self, latents, attributes):
        """What the fakes of a training step are asked to show (b, n); systems that ask otherwise override this.

        Args:
            latents: (b, *latent.shape).
            attributes: of the real faces (b, k).
        """
        return conditions.random_bits(self, attributes) if self.random_attributes else attributes

    def generate_fakes(self, latents, attributes):
        """Draw what G is trained on in one step; systems that draw otherwise override this, and `predict_images`.

        Args:
            latents: (b, *latent.shape).
            attributes: of the faces to draw (b, n).

        Returns:
            Images (k, H, W, 3), the attributes of each (k, n), a scalar to add to G's loss, and scalars to log by name.
        """
        return self.generate(latents, attributes, training=True), attributes, 0.0, {}

    def generate(self, latents, attributes, training=False):
        """Images (b, H, W, 3) in `value_range`, from latents (b, ...) and attributes (b, n).

        In training they are G's own; else those of the `sampling_generator`.
        """
        latents = tf.convert_to_tensor(latents)
        inputs = [latents, tf.convert_to_tensor(attributes)] if self.attributes else latents
        return (self.generator if training else self.sampling_generator)(inputs, training=training)

    def discriminate(self, images, candidates, training=False):
        """D's logits, a list of (b, 1), on images (b, H, W, 3) with each of several attributes (b, n)."""
        images = tf.convert_to_tensor(images)
        if training and self.augmentation is not None:
            images = self.augmentation(images, training=True)
        candidates = [None if attributes is None else tf.convert_to_tensor(attributes) for attributes in candidates]
        return self.discriminator.logits(images, candidates, training=training)

    def seed_of_step(self, stream):
        """A seed for what is random in this training step, another one for each `stream`."""
        return tf.random.fold_in(tf.stack([tf.cast(self.seed, tf.int64), self.steps_done.value]), stream)

    def track(self, **values):
        """Log values of this training step by the names of `compile`'s trackers."""
        for name, value in values.items():
            self.trackers[name].update_state(value)
