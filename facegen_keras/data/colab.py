"""Google Colab: results go into Google Drive, where they survive a disconnect."""

import logging
import os
from pathlib import Path

from facegen_keras.data.layouts import workspace

logger = logging.getLogger(__name__)

MOUNTPOINT = Path("/content/drive")


def mount_drive(folder="facegen_keras"):
    """Mount Google Drive in Colab, and make a folder in it the `workspace`, where notebooks write their results.

    Colab asks for permission the first time. Outside Colab nothing changes.

    Args:
        folder: where in "My Drive"; made where needed.

    Returns:
        The `workspace`, a `Path`.
    """
    try:
        from google.colab import drive
    except ImportError:
        logger.info("This is not Colab, so no Drive is mounted: results are written to %s", workspace())
        return workspace()
    drive.mount(str(MOUNTPOINT))
    results = MOUNTPOINT / "MyDrive" / folder
    results.mkdir(parents=True, exist_ok=True)
    os.environ["FACEGEN_WORKSPACE"] = str(results)
    logger.info("Results are written to %s", results)
    return results
