"""Getting CelebA: one call, through Kaggle."""

import logging
import os
import shutil
from pathlib import Path

from facegen_keras.layouts import find_layout, workspace

logger = logging.getLogger(__name__)

KAGGLE_DATASET = "jessicali9530/celeba-dataset"
CELEBA_PICTURES = 202_599

BY_HAND = f"""To get CelebA by hand, take one of
  https://www.kaggle.com/datasets/{KAGGLE_DATASET} (log in, accept the terms, "Download"), or
  https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html (img_align_celeba.zip and the files list_*.txt),
unpack it into {{folder}}, so that {{folder}}/img_align_celeba holds the pictures and the tables lie beside it.
CelebA is for non-commercial research only. Until then, the embedded sample faces serve: leave FACEGEN_DATA unset."""


def download_celeba(folder=None):
    """Download CelebA's 202,599 aligned faces and their tables (1.4 GB); called again, it goes on where it stopped.

    Args:
        folder: where to; None takes `data/celeba` in the `workspace`, where `load_faces` looks by itself. A folder
            that is complete is left as it is.

    Returns:
        The folder, a `Path`.

    Raises:
        ImportError: `kagglehub` is not installed.
        RuntimeError: the download failed, or what arrived is not all; the message says how to get it by hand.
    """
    folder = Path(folder).expanduser() if folder else workspace() / "data" / "celeba"
    if _missing(folder) is None:
        return folder
    try:
        import kagglehub
    except ImportError as error:
        raise ImportError(
            f"download_celeba needs kagglehub: pip install kagglehub.\n{BY_HAND.format(folder=folder)}"
        ) from error
    try:
        arrived = Path(kagglehub.dataset_download(KAGGLE_DATASET))
    except Exception as error:  # no network, no account, terms not accepted, disk full
        raise RuntimeError(
            f"The download from Kaggle failed ({type(error).__name__}: {error}). Call download_celeba again to go on "
            f"where it stopped.\n{BY_HAND.format(folder=folder)}"
        ) from error
    if missing := _missing(arrived):
        raise RuntimeError(
            f"{arrived}: {missing}. Delete that folder and call download_celeba again.\n{BY_HAND.format(folder=folder)}"
        )
    _link(arrived, folder)
    logger.info("CelebA is complete in %s", folder)
    return folder


def _missing(folder):
    """What a folder lacks of CelebA; None if it is complete."""
    try:
        faces = find_layout(folder)
    except OSError as error:
        return str(error)
    if len(faces.names) != CELEBA_PICTURES:
        return f"found {len(faces.names):,} pictures, expected {CELEBA_PICTURES:,}"
    if not (faces.attribute_file and faces.partition_file):
        return "list_attr_celeba or list_eval_partition is missing"
    return None


def _link(arrived, folder):
    """Give the files that arrived a place in `folder`: as links, or moved there where links are not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(arrived.iterdir()):
        target = folder / source.name
        if target.is_symlink():
            target.unlink()
        if target.exists():
            raise RuntimeError(
                f"{target} is in the way, and {folder} is not complete. Move it away and call download_celeba again; "
                f"CelebA waits in {arrived}."
            )
        try:
            os.symlink(source, target, target_is_directory=source.is_dir())
        except OSError:
            shutil.move(source, target)
