"""Write Colab badges and install cells for a repository into the notebooks: make colab REPO=owner/name."""

import re
import sys
from pathlib import Path

import nbformat

BADGE = re.compile(r"\[!\[Open in Colab\].*\n\n")
PIP = re.compile(r"%pip install -q .*")


def address(path, repository):
    """Point one notebook at `repository`: a badge above its title, and an install cell that fetches the package."""
    notebook = nbformat.read(path, as_version=4)
    link = f"https://colab.research.google.com/github/{repository}/blob/main/notebooks/{path.name}"
    badge = f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})\n\n"
    notebook.cells[0].source = badge + BADGE.sub("", notebook.cells[0].source)
    for cell in notebook.cells:
        if "install" in cell.metadata.get("tags", ()):
            cell.source = PIP.sub(f"%pip install -q git+https://github.com/{repository}", cell.source)
    nbformat.write(notebook, path)


def main(arguments):
    if len(arguments) != 1 or not re.fullmatch(r"[\w-]+/[\w.-]+", arguments[0]):
        sys.exit("Say which repository: make colab REPO=owner/name")
    for path in sorted(Path(__file__).parent.glob("*.ipynb")):
        address(path, arguments[0])
        print(f"{path.name} opens in Colab from {arguments[0]}")


if __name__ == "__main__":
    main(sys.argv[1:])
