"""What a FaceGAN saves: its configuration, how it trains, and the state of its training."""

import dataclasses

import keras

from facegen_keras.gan.distribution import random_states
from facegen_keras.gan.state import check_finite

COUNTERS = ("steps_done", "epochs_done", "batches_done")  # the last of the epoch at hand, where it is not done


class Saving:
    """The part of `FaceGAN` that Keras calls as it saves and loads: a file holds all that training needs to go on."""

    def save(self, *args, **options):
        """Keras' `save`; ValueError if a weight is NaN or infinite: the file that was there before stays."""
        check_finite(self)
        super().save(*args, **options)

    def get_config(self):
        models = {name: getattr(self, name) for name in ("generator", "discriminator", "augmentation")}
        plain = ("name", "attributes", "value_range", "crop", "random_attributes", "recipe", "seed")
        config = {name: keras.saving.serialize_keras_object(model) for name, model in models.items()}
        config |= {"latent": dataclasses.asdict(self.latent)} | {name: getattr(self, name) for name in plain}
        config["label_statistics"] = self.label_statistics and self.label_statistics.get_config()
        return config | {"ema_decay": keras.saving.serialize_keras_object(self.ema_decay)}

    @classmethod
    def from_config(cls, config):
        names = [name for name in ("generator", "discriminator", "augmentation", "ema_decay") if config.get(name)]
        return cls(**config | {name: keras.saving.deserialize_keras_object(config[name]) for name in names})

    def get_compile_config(self):
        if not self.compiled:
            return None
        parts = {"d_optimizer": self.d_optimizer, "g_optimizer": self.g_optimizer}
        parts |= {"loss": self.gan_loss, "schedule": self.schedule}
        parts |= {"jit_compile": self.jit_setting, "steps_per_execution": self.steps_per_execution}
        parts["gradient_accumulation_steps"] = self.gradient_accumulation_steps
        return {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}

    def compile_from_config(self, config):
        self.compile(**{name: keras.saving.deserialize_keras_object(part) for name, part in config.items()})

    def save_own_variables(self, store):
        for name, variable in self._own_state().items():
            store[name] = variable.numpy()

    def load_own_variables(self, store):
        for name, variable in self._own_state().items():
            if name != "cooldown_state" or name in store:  # older files have none
                variable.assign(store[name])

    def _own_state(self):
        """What training needs beside weights and optimisers: counters, D's accuracy, logs, dropout's random states."""
        state = {name: getattr(self, name) for name in (*COUNTERS, "real_accuracy", "fake_accuracy", "cooldown_state")}
        state |= {f"random_{i}": variable for i, variable in enumerate(random_states(self))}
        return state | {f"{tracker.name}_{part.name}": part for tracker in self.metrics for part in tracker.variables}
