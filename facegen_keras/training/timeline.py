"""What becomes of a training that lasts minutes, not epochs: its logs and the same faces, at equal times."""

import time

import keras

SPANS = 40  # in which the logs are averaged, over the whole training
VIEWS = 4  # times at which the same faces are drawn


class Timeline(keras.callbacks.Callback):
    """Keep the logs of a training by the clock, and the faces that it draws at each quarter of its time.

    In the same minutes a slow recipe does not end one epoch, and a fast one ends a hundred: their curves are alike only
    along the time.

    Args:
        minutes: how long the training will last (see `TimeBudget`).
        count: faces drawn at a time.
        seed: of their latents and attributes, always the same.

    `logs` is then a dict of lists for `curves(logs, over="minute")`, and `faces` a dict of minute to uint8 array
    (count, H, W, 3), the last one drawn at the end.
    """

    def __init__(self, minutes, count=8, seed=0):
        super().__init__()
        self.minutes, self.count, self.seed = minutes, count, seed

    def on_train_begin(self, logs=None):
        self.start = time.monotonic()
        self.logs, self.faces = {"minute": []}, {}
        self.span = self.view = 0  # the last that was kept
        self.is_measured = False  # whether the metrics hold steps that are in no row yet

    def on_train_batch_end(self, batch, logs=None):
        self.is_measured = True
        minute = self._minute()
        span, view = (int(minute / self.minutes * count) for count in (SPANS, VIEWS))
        if span > self.span:
            self.span = span
            self._keep(minute)
        if self.view < view < VIEWS:
            self.view = view
            self._draw(minute)

    def on_train_end(self, logs=None):
        if self.is_measured:
            self._keep(self._minute())
        self._draw(self._minute())

    def _minute(self):
        return (time.monotonic() - self.start) / 60

    def _keep(self, minute):
        row = {"minute": minute} | {name: float(value) for name, value in self.model.get_metrics_result().items()}
        for name, value in row.items():
            self.logs.setdefault(name, []).append(value)
        for metric in self.model.metrics:
            metric.reset_state()
        self.is_measured = False

    def _draw(self, minute):
        self.faces[minute] = self.model.sample(self.count, seed=self.seed)
