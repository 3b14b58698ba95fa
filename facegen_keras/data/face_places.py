"""Where a face is in a photograph, and how it gets to where CelebA's aligned pictures have theirs."""

import dataclasses

import numpy as np

from facegen_keras.data.images import CELEBA_SIZE, check_size

# Eyes, nose and corners of the mouth in CelebA's aligned pictures, in their 178x218 pixels: medians of what mtcnn finds
# in 997 of 1,000 of them (standard deviations: eyes 2, nose 6, mouth 3).
CELEBA_LANDMARKS = np.array([[69.1, 111.5], [107.9, 111.5], [88.1, 135.7], [71.1, 152.2], [105.8, 152.1]])


@dataclasses.dataclass(frozen=True, eq=False)
class FacePlace:
    """Where a face is in a photograph, at which size and angle."""

    transform: np.ndarray  # float (2, 3): takes (x, y, 1) in CelebA's 178x218 pixels to the photograph's pixels
    landmarks: np.ndarray | None = None  # float (5, 2) in the photograph's pixels, where the face was found by them

    @classmethod
    def of_landmarks(cls, landmarks):
        """The place that moves five landmarks (5, 2) to where CelebA has them, in the least-squares sense."""
        return cls(fit_similarity(CELEBA_LANDMARKS, landmarks), landmarks)

    @classmethod
    def centre_of(cls, photo, size, crop):
        """The place of a face in the middle of a PIL image, which is framed as `read_picture` frames a file.

        Args:
            photo: a PIL image.
            size: (height, width) of the picture that is to be cut.
            crop: as for `load_faces`; None takes the whole photograph, whatever its proportions are.

        Raises:
            ValueError: the crop does not fit.
        """
        check_size(size, crop)
        scale = np.divide(photo.size, CELEBA_SIZE)
        scale = scale if crop is None else np.full(2, scale.min())
        shift = (photo.size - scale * CELEBA_SIZE) / 2
        return cls(np.c_[np.diag(scale), shift])

    @property
    def scale(self):
        """The photograph's pixels for one of CelebA's."""
        return np.hypot(*self.transform[:, 0])

    def frame(self, size, crop):
        """What takes the pixels of the small picture to those of the photograph.

        Args:
            size: (height, width) of the small picture.
            crop: as for `load_faces`.

        Returns:
            float array (2, 3), for (x, y, 1) from (0, 0) to (width, height).

        Raises:
            ValueError: the crop does not fit.
        """
        height, width = check_size(size, crop)
        box = np.array(CELEBA_SIZE if crop is None else (crop, crop * height / width))
        corner = (CELEBA_SIZE - box) / 2
        linear, shift = self.transform[:, :2], self.transform[:, 2]
        return np.c_[linear * (box / (width, height)), linear @ corner + shift]


def fit_similarity(source, target):
    """The rotation, scale and shift that bring points nearest to others by least squares (Umeyama 1991).

    Args:
        source, target: float arrays (n, 2).

    Returns:
        float array (2, 3) that takes (x, y, 1) of `source` to `target`.
    """
    source, target = (np.asarray(points, float) @ (1, 1j) for points in (source, target))
    middle = source.mean()
    turn = np.vdot(source - middle, target - target.mean()) / np.vdot(source - middle, source - middle).real
    shift = target.mean() - turn * middle
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
