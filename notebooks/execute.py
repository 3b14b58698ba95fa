"""Execute notebooks from top to bottom: python notebooks/execute.py [--output-dir DIR] NOTEBOOK..."""

import argparse
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert.preprocessors import CoalesceStreamsPreprocessor


def tidy(notebook):
    """Keep the last state of each progress bar, and of each picture the smaller of Jupyter's PNG and JPEG."""
    CoalesceStreamsPreprocessor().preprocess(notebook, {})
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            pictures = {
                kind: data for kind, data in output.get("data", {}).items() if kind in ("image/png", "image/jpeg")
            }
            if len(pictures) == 2:
                del output["data"][max(pictures, key=lambda kind: len(pictures[kind]))]


def execute(path, folder):
    """Execute one notebook, in its own folder, and write it to `folder`."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    quiet = ["--IPKernelApp.log_level=ERROR"]  # no warning that the kernel talks over this machine's own network
    NotebookClient(notebook, timeout=None, resources=resources, extra_arguments=quiet).execute()
    tidy(notebook)
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / path.name)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--output-dir", type=Path, help="where to; by default in place")
    options = parser.parse_args()
    for path in options.notebooks:
        print(f"Executing {path}", flush=True)
        execute(path, options.output_dir or path.parent)


if __name__ == "__main__":
    main()
