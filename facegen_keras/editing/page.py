"""The page of the widget, which Voilà serves to browsers on this machine."""

import os
from pathlib import Path

from facegen_keras.data.layouts import workspace

PAGE = Path(__file__).with_name("page.ipynb")
OPTIONS = (
    "--no-browser",
    "--Voila.ip=127.0.0.1",
    "--Voila.port_retries=0",
    "--Voila.log_level=ERROR",
    # No web site leads to the page, and photographs of 200 MB reach it.
    "--Voila.tornado_settings={'allow_remote_access': False, 'websocket_max_message_size': 200000000}",
)


def serve_page(port=8866):
    """Serve the page to browsers on this machine until the process is interrupted.

    What the page saves goes into `test_samples/refined` in the `workspace` of where the process was started.

    Args:
        port: its address is http://127.0.0.1:port.

    Raises:
        ImportError: Voilà is missing.
    """
    try:
        from voila.app import Voila
    except ImportError as error:
        raise ImportError(f'the page needs Voilà ({error}): pip install "facegen_keras[app]".') from error
    os.environ["FACEGEN_WORKSPACE"] = str(workspace())  # the kernel works in the folder of the notebook
    Voila.launch_instance([str(PAGE), *OPTIONS, f"--port={port}"])
