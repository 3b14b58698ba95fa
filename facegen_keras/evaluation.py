"""All that is measured of one generator, on real faces framed as it was taught them."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from facegen_keras.attribute_metrics import bias_report, compare_accuracy
from facegen_keras.attribute_network import to_size
from facegen_keras.celeba import load_arrays
from facegen_keras.grids import save_grid
from facegen_keras.metrics import FEWEST, Comparison, Score, diversity, memorisation
from facegen_keras.picture_cache import check_size

VARIED = 500  # pictures whose diversity is measured: all pairs of them
PAIRS = 12  # of a sample and its nearest training face, in the picture


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What `evaluate` measured.

    Args:
        scores: dict of name to `Score`: KID, FID, precision, recall, diversity, memorisation and copies.
        attributes: the table of `attribute_accuracy`; None for a generator without attributes.
        bias: the table of `bias_report`.
        pairs: uint8 array (2, k, H, W, 3): the samples nearest to a training face, and those faces.
        samples: uint8 array (count, H, W, 3): what was judged.
    """

    scores: dict
    attributes: pd.DataFrame | None
    bias: pd.DataFrame
    pairs: np.ndarray
    samples: np.ndarray

    @property
    def how(self):
        """How it was measured: each way once, under the names of the scores that were measured so."""
        ways = {}
        for name, score in self.scores.items():
            way = "\n".join(f"  {what}: {value}" for what, value in score.how.items())
            ways.setdefault(way, []).append(name)
        return "\n".join(f"{', '.join(names)}\n{way}" for way, names in ways.items())

    def table(self):
        """The scores as a DataFrame: `generated`, and `real against real`, the floor."""
        rows = {name: (float(score), score.floor) for name, score in self.scores.items()}
        return pd.DataFrame.from_dict(rows, orient="index", columns=["generated", "real against real"])

    def __str__(self):
        parts = [self.table().to_string(float_format="{:.4f}".format)]
        if self.attributes is not None:
            parts.append(self.attributes.to_string(float_format="{:.3f}".format))
        return "\n\n".join([*parts, self.how])

    def save(self, folder):
        """Write scores.csv, attributes.csv, bias.csv, how.txt and nearest.png; returns the folder's Path.

        nearest.png shows training faces: where these may not be published, it may not be either.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.table().to_csv(folder / "scores.csv", index_label="score")
        if self.attributes is not None:
            self.attributes.to_csv(folder / "attributes.csv")
        self.bias.to_csv(folder / "bias.csv")
        (folder / "how.txt").write_text(self.how + "\n")
        titles = ["sample", "nearest real face"]
        save_grid(np.concatenate(self.pairs), folder / "nearest.png", self.pairs.shape[1], row_titles=titles)
        return folder


def evaluate(gan, count=2_000, *, data=None, split="train", crop=148, size=None, features=None, seed=0):
    """Measure a generator against real faces.

    Args:
        gan: a `FaceGAN`.
        count: samples drawn, and real faces they are compared with; the floor compares as many others. Where there
            are fewer than two such sets of real faces, each has half of them.
        data, split, crop: the real faces, as for `load_faces`: those it was trained on, cropped alike.
        size: a side, or (height, width), to which samples and real faces are brought first; by default the generator's
            own. Memorisation is measured at the generator's own.
        features: as for `find_features`; memorisation always goes by the attribute network's.
        seed: of the samples and of the choice of real faces.

    Returns:
        An `Evaluation`; `print` it.

    Raises:
        ValueError: no such features or size, or too few faces.
    """
    if count < FEWEST:
        raise ValueError(f"count={count}: expected at least {FEWEST} samples, and better 2,000.")
    framing = {"data": data, "split": split, "crop": crop}
    own_size = gan.generator.output_shape[1:3]
    size = check_size(size or own_size, crop)
    pool, labels = load_arrays(
        at_most=2 * count, image_size=size, attributes=gan.attributes or None, seed=seed, **framing
    )
    count = len(pool) // 2
    if count < FEWEST:
        raise ValueError(f"{len(pool)} real faces to compare with: expected at least {2 * FEWEST}, and better 4,000.")
    real, unseen = pool[:count], pool[count : 2 * count]
    wanted = gan.draw_attributes(count, None, seed)
    samples = gan.sample(count, wanted if gan.attributes else None, seed)
    judged = to_size(samples, size)
    comparison = Comparison(real, judged, unseen, features, crop, seed)
    how = {"pixels": "16x16", "faces": min(VARIED, count), "crop": crop}
    varied = Score(diversity(judged[:VARIED]), "diversity", diversity(real[:VARIED]), how)
    training, _ = load_arrays(image_size=own_size, **framing)  # as it was taught them: a copy is then equal
    near = memorisation(training, samples, crop=crop)
    scores = (comparison.kid(), comparison.fid(), *comparison.precision_recall(), varied, near.distance, near.copies)
    return Evaluation(
        {score.name: score for score in scores},
        compare_accuracy(judged, wanted, real, labels[:count], crop) if gan.attributes else None,
        bias_report(real, judged),
        near.pairs(training, samples, PAIRS),
        samples,
    )
