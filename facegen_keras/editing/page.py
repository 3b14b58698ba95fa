"""The page of the widget, which Voilà serves to browsers on this machine."""

import logging
import os
from pathlib import Path

from facegen_keras.data.layouts import workspace

logger = logging.getLogger(__name__)

PAGE = Path(__file__).with_name("page.ipynb")
# No other machine and no web site leads to the page, and photographs of 200 MB reach it.
TORNADO = {"allow_remote_access": False, "websocket_max_message_size": 200_000_000}


def serve_page(port=8866, notebook=PAGE):
    """Serve the page to browsers on this machine, at http://127.0.0.1:port, until the process is interrupted.

    What the page saves goes into `test_samples/refined` in the `workspace` of where the process was started.

    Args:
        port: where it is served.
        notebook: the notebook that is served.

    Raises:
        ImportError: Voilà is missing.
    """
    try:
        from voila.app import Voila
    except ImportError as error:
        raise ImportError(f'the page needs Voilà ({error}): pip install "facegen_keras[app]".') from error
    os.environ["FACEGEN_WORKSPACE"] = str(workspace())  # the kernel works in the folder of the notebook
    logging.getLogger("tornado").setLevel(logging.ERROR)  # not a line for each request
    logger.info("Open http://127.0.0.1:%d in your browser; Ctrl-C ends it.", port)
    address = {"ip": "127.0.0.1", "port": port, "port_retries": 0, "open_browser": False}
    Voila.launch_instance([str(notebook)], log_level="ERROR", tornado_settings=TORNADO, **address)
