"""Install a wheel or an sdist where nothing else is installed, and try it as a stranger would: make wheel.

    python tools/try_wheel.py dist/facegen_keras-0.1.0-py3-none-any.whl

It makes an environment in a temporary folder, downloads what the package requires, and uses nothing
of this checkout.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HELP_SECONDS = 2
USE = """
import facegen_keras as fg

fg.quiet()
assert "site-packages" in fg.__file__, fg.__file__
gan, editor = fg.load_pretrained(), fg.load_pretrained("editor")
faces = gan.sample(2, {"Smiling": 0})
assert faces.shape == (2, 64, 64, 3) and faces.dtype == "uint8" and faces.std() > 10
assert editor.refine(faces, {"Smiling": 1}).shape == (1, 2, 64, 64, 3)
assert fg.estimate_attributes(faces).shape == (2, 40)
fg.sample_faces.write_sample_faces("faces", count=40)
"""
TWO_STEPS = (
    "--recipe dcgan2 --image-size 16 --attributes Male,Smiling --images 16 --batch-size 8 --epochs 1 --verbose 0"
)
WORK = (
    "check",
    "recipes",
    f"train --run run --data faces {TWO_STEPS}",
    "runs .",
    "sample --run run -n 4 --attributes Male=1 --out own.png",
    "sample -n 4 --out grid.png",
    "inspect own.png grid.png",
    "film --run run --out film.gif",
    "interpolate -n 3 --out way.gif",
    "contact-sheet faces/img_align_celeba --out sheet.jpg",
    "refine faces/img_align_celeba/000001.jpg --attributes Smiling=1 --full-size edited",
    "export --run run --out generator.tflite",
    "pack --run run --out own.npz",
)
NEED_AN_EXTRA = (
    "app",
    "align faces aligned",
    "export --out generator.onnx",
    f"train --run logged --data faces --tensorboard {TWO_STEPS}",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="a .whl or .tar.gz file")
    package = parser.parse_args().package.resolve(strict=True)
    with tempfile.TemporaryDirectory() as folder:
        environment, work = Path(folder, "environment"), Path(folder, "work")
        work.mkdir()
        venv.create(environment, with_pip=True)
        python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        attempt = Attempt(python, work, package)
        attempt.install()
        attempt.use()
        attempt.miss_extras()
        print(f"{package.name} works.", flush=True)


class Attempt:
    """One environment, the empty folder that commands run in, and the file to install."""

    def __init__(self, python, work, package):
        self.python, self.work, self.package = python, work, package
        unwanted = ("PYTHONPATH", "PYTHONHOME", "TF_CPP_MIN_LOG_LEVEL", "FACEGEN_DATA", "FACEGEN_WORKSPACE")
        kept = {name: value for name, value in os.environ.items() if name not in unwanted}
        self.variables = kept | {"FACEGEN_CACHE": str(work.parent / "cache"), "FACEGEN_DATA": str(work / "faces")}

    def run(self, *arguments, status=0):
        """Run Python with arguments; returns what it printed."""
        print("python", *(argument if "\n" not in argument else "..." for argument in arguments), flush=True)
        found = subprocess.run(
            [self.python, *arguments],
            cwd=self.work,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        if found.returncode != status:
            sys.exit(f"{found.stdout}\nIt ended with status {found.returncode}: expected {status}.")
        return found.stdout

    def install(self):
        self.run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(self.package))
        self.run("-m", "pip", "check")

    def use(self):
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            self.run("-m", "facegen_keras", "--help")
            seconds.append(time.perf_counter() - start)
        print(f"--help took {min(seconds):.2f} seconds")
        if min(seconds) > HELP_SECONDS:
            sys.exit(f"Expected at most {HELP_SECONDS}.")
        version = self.run("-m", "facegen_keras", "--version").split()[1]
        if version != (expected := re.match(r"facegen_keras-([\w.]+?)(-py3|\.tar)", self.package.name)[1]):
            sys.exit(f"It says that it is version {version}: expected {expected}.")
        self.run("-c", USE)
        for command in WORK:
            self.run("-m", "facegen_keras", *command.split())

    def miss_extras(self):
        """What needs a package that is not there says how to install it; and each extra can be installed."""
        for command in NEED_AN_EXTRA:
            said = self.run("-m", "facegen_keras", *command.split(), status=2)
            if "pip install" not in said or "Traceback" in said:
                sys.exit(f"{said}\nExpected a sentence that says what to install.")
        metadata = "import importlib.metadata as m; print(*m.metadata('facegen_keras').get_all('Provides-Extra'))"
        for extra in self.run("-c", metadata).split():
            self.run("-m", "pip", "install", "--dry-run", "--quiet", f"facegen_keras[{extra}]")


if __name__ == "__main__":
    main()
