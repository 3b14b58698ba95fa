"""Objects that Keras saves with a model by the arguments they were made with."""


class Configured:
    """Base of losses and schedules: an argument is kept as the attribute of its name, and no other attribute is."""

    def get_config(self):
        return dict(vars(self))

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"
