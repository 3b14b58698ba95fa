"""Write Colab badges and install cells for a repository into the notebooks: make colab REPO=owner/name."""

import re
import sys
from pathlib import Path

import nbformat

from facegen_keras.files import write_atomically

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
BADGE = re.compile(r"\[!\[Open in Colab\].*\n\n")
REPOSITORY = re.compile(r'^REPOSITORY = ".*?"', re.M)


def link_to_colab(path, repository):
    """Write a badge above a notebook's title, and the repository into its install cell.

    Args:
        path: the notebook.
        repository: "owner/name" on GitHub. Another repository's badge is replaced.
    """
    notebook = nbformat.read(path, as_version=4)
    link = f"https://colab.research.google.com/github/{repository}/blob/main/notebooks/{path.name}"
    badge = f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})\n\n"
    notebook.cells[0].source = badge + BADGE.sub("", notebook.cells[0].source)
    for cell in notebook.cells:
        if "install" in cell.metadata.get("tags", ()):
            cell.source = REPOSITORY.sub(f'REPOSITORY = "{repository}"', cell.source)
    with write_atomically(path) as unfinished:
        nbformat.write(notebook, unfinished)


def main(arguments):
    if len(arguments) != 1 or not re.fullmatch(r"[\w-]+/[\w.-]+", arguments[0]):
        sys.exit("Say which repository: make colab REPO=owner/name")
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        link_to_colab(path, arguments[0])
        print(f"{path.name} opens in Colab from {arguments[0]}")


if __name__ == "__main__":
    main(sys.argv[1:])
