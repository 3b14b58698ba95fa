"""Downloading CelebA with one call, through Kaggle."""

import logging
import os
import shutil
from pathlib import Path

from facegen_keras.data.layouts import find_layout, project_folder

logger = logging.getLogger(__name__)

KAGGLE_DATASET = "jessicali9530/celeba-dataset"
CELEBA_PICTURES = 202_599

TERMS = "CelebA is for non-commercial research only, and may not be passed on."

BY_HAND = f"""To get CelebA by hand, take one of
  https://www.kaggle.com/datasets/{KAGGLE_DATASET} (log in, accept the terms, "Download"), or
  https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html (img_align_celeba.zip and the files list_*.txt),
unpack it into {{folder}}, so that {{folder}}/img_align_celeba holds the pictures and the tables lie beside it.
{TERMS} To use the embedded sample faces until then, leave FACEGEN_DATA unset."""


def download_celeba(folder=None):
    """Download CelebA's 202,599 aligned faces and their tables (1.4 GB); a second call goes on where it stopped.

    Args:
        folder: the folder to fill; None takes `data/celeba` in the `project_folder`, where `load_faces` looks by
            itself. A complete folder is left as it is.

    Returns:
        The folder, a `Path`.

    Raises:
        ImportError: `kagglehub` is not installed.
        RuntimeError: the download failed or is incomplete; the message says how to get CelebA by hand.
    """
    folder = Path(folder).expanduser() if folder else project_folder() / "data" / "celeba"
    if _missing(folder) is None:
        return folder
    try:
        import kagglehub
    except ImportError as error:
        raise ImportError(
            f"download_celeba needs kagglehub: pip install kagglehub.\n{BY_HAND.format(folder=folder)}"
        ) from error
    logger.info("Downloading CelebA through Kaggle. %s", TERMS)
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
    except (OSError, ValueError) as error:
        return str(error)
    if len(faces.names) != CELEBA_PICTURES:
        return f"found {len(faces.names):,} pictures, expected {CELEBA_PICTURES:,}"
    if not (faces.attribute_file and faces.partition_file):
        return "list_attr_celeba or list_eval_partition is missing"
    return None


def _link(arrived, folder):
    """Link the files that arrived into `folder`, or move them there where links are not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(arrived.iterdir()):
        target = folder / source.name
        if target.is_symlink():
            target.unlink()
        if target.exists():
            raise RuntimeError(
                f"{target} exists, and {folder} is not complete. Move it away and call download_celeba again; the "
                f"download is kept in {arrived}."
            )
        try:
            os.symlink(source, target, target_is_directory=source.is_dir())
        except OSError:
            shutil.move(source, target)
