"""What a saved GAN keeps beside its weights, so that training goes on as if it had never stopped."""

import keras


class Resumable:
    """The part of `FaceGAN` that Keras' saving calls for state and compilation."""

    def _own_state(self):
        """Everything but weights and optimisers that training needs to go on: counters, and dropout's random states."""
        models = self.generator.variables + self.discriminator.variables
        models += self.augmentation.variables if self.augmentation is not None else []
        random = [variable for variable in models if variable.name == "seed_generator_state"]
        names = ("steps_done", "epochs_done", "real_accuracy", "fake_accuracy")
        return {name: getattr(self, name) for name in names} | {f"random_{i}": v for i, v in enumerate(random)}

    def save_own_variables(self, store):
        for name, variable in self._own_state().items():
            store[name] = variable.numpy()

    def load_own_variables(self, store):
        for name, variable in self._own_state().items():
            variable.assign(store[name])

    def get_compile_config(self):
        if not self.compiled:
            return None
        parts = {"d_optimizer": self.d_optimizer, "g_optimizer": self.g_optimizer}
        parts |= {"loss": self.gan_loss, "schedule": self.schedule}
        return {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}

    def compile_from_config(self, config):
        self.compile(**{name: keras.saving.deserialize_keras_object(part) for name, part in config.items()})
