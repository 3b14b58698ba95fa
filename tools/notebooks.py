"""Execute notebooks from top to bottom: python tools/notebooks.py [--output-dir DIR] NOTEBOOK..."""

import argparse
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

from facegen_keras.files import write_atomically


def shrink(notebook):
    """Keep the last state of each progress bar, and the smaller one where Jupyter stored a picture as PNG and JPEG.

    The state of widgets goes: a quarter of a megabyte of sliders, which move nothing until a kernel runs.
    """
    notebook.metadata.pop("widgets", None)
    CoalesceStreamsPreprocessor().preprocess(notebook, {})
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            pictures = {
                kind: data for kind, data in output.get("data", {}).items() if kind in ("image/png", "image/jpeg")
            }
            if len(pictures) == 2:
                del output["data"][max(pictures, key=lambda kind: len(pictures[kind]))]


def execute(path, folder):
    """Execute a notebook in the folder it lies in, and write it, with its outputs, to `folder`.

    Raises:
        CellExecutionError: a cell failed. Nothing is written.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=None,
        record_timing=False,  # so that only what changed shows up in git
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # else each kernel warns about the ports it listens on
    )
    client.execute()
    shrink(notebook)
    with write_atomically(folder / path.name) as unfinished:
        nbformat.write(notebook, unfinished)


def main():
    parser = argparse.ArgumentParser(description="Execute notebooks from top to bottom.")
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--output-dir", type=Path, help="folder for the executed notebooks (default: in place)")
    options = parser.parse_args()
    for path in options.notebooks:
        print(f"Executing {path}", flush=True)
        try:
            execute(path, options.output_dir or path.parent)
        except CellExecutionError as error:
            sys.exit(f"{path} failed:\n{error}")


if __name__ == "__main__":
    main()
