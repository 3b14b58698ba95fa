"""Build the page that draws and changes faces in the browser, without a server: make web.

    python tools/build_web.py --out build/web
    python -m http.server --directory build/web

The folder has the page of `web/`, three networks as ONNX with weights in eight bits, and ONNX Runtime Web, which npm
fetches. Its files refer to each other by relative paths, so it works wherever files are served.
"""

import argparse
import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import facegen_keras as fg
from facegen_keras.data.attribute_statistics import implied_attributes
from facegen_keras.data.images import CELEBA_SIZE
from facegen_keras.editing.exports import SOFTWARE
from facegen_keras.editing.session import TRUNCATION
from facegen_keras.editing.words import LABELS, label
from facegen_keras.gan.conditions import PLAIN_FACE
from facegen_keras.networks.attribute_network import SIZE
from facegen_keras.networks.exporting import write_model

PAGE = Path(__file__).parents[1] / "web"
RUNTIME = "onnxruntime-web@1.30.0"
# As npm has it:
CHECKSUM = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
RUNTIME_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")


def build(out, generator="modern", editor="editor"):
    """Build the page into a folder.

    Args:
        out: the folder; what is in it already is replaced.
        generator, editor: which GANs draw and change faces, as for `load_pretrained`.

    Raises:
        ValueError: the GANs are not of 64x64 pixels with attributes.
    """
    out = Path(out)
    generator, editor = fg.load_pretrained(generator), fg.load_pretrained(editor)
    if {generator.size, editor.size} != {(SIZE, SIZE)} or not (editor.takes_pictures and editor.attributes):
        raise ValueError(f"The page needs a generator and an editor of {SIZE}x{SIZE} pixels with attributes.")
    shutil.copytree(PAGE, out, dirs_exist_ok=True)
    fg.export(generator, out / "generator.onnx", bits=8)
    fg.export(editor, out / "editor.onnx", bits=8)
    export_reader(out / "reader.onnx")
    (out / "facts.json").write_text(json.dumps(facts_of(generator, editor), indent=1), encoding="utf-8")
    fetch_runtime(out)


def export_reader(path):
    """Write the shipped attribute network as ONNX."""
    pictures = {"shape": [SIZE, SIZE, 3], "range": [0, 1]}
    notes = {"inputs": {"pictures": pictures}, "outputs": {"logits": {"attributes": fg.ATTRIBUTES}}}
    write_model(fg.load_attribute_network(), path, notes, bits=8)


def facts_of(generator, editor):
    """What the page has to know of the networks: a dict for JSON."""
    names = editor.attributes
    follows = {
        name: [{k: v for k, v in implied_attributes({name: value}).items() if k in names} for value in (0, 1)]
        for name in names
    }
    described = [
        {"name": name, "label": label(name), "turned": name in LABELS, "read": fg.ATTRIBUTES.index(name)}
        for name in names
    ]
    return {
        "software": SOFTWARE,
        "side": SIZE,
        "crop": [editor.crop, *CELEBA_SIZE],
        "latents": generator.latent.shape[0],
        "truncation": TRUNCATION,
        "drawn": generator.attributes,
        "plain": {name: PLAIN_FACE.get(name, 0) for name in names},
        "attributes": described,
        "implied": follows,
    }


def fetch_runtime(out):
    """Let npm fetch ONNX Runtime Web, and take its three files.

    Raises:
        RuntimeError: npm is missing or failed, or the package is another one than was tested.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("npm is missing, which fetches ONNX Runtime Web: install Node.js (make web does).")
    with tempfile.TemporaryDirectory() as folder:
        fetched = subprocess.run([npm, "pack", "--silent", RUNTIME], cwd=folder, capture_output=True, text=True)
        packages = list(Path(folder).glob("*.tgz"))
        if fetched.returncode or len(packages) != 1:
            raise RuntimeError(f"npm could not fetch {RUNTIME}: {fetched.stderr.strip() or fetched.stdout.strip()}")
        found = base64.b64encode(hashlib.sha512(packages[0].read_bytes()).digest()).decode()
        if f"sha512-{found}" != CHECKSUM:
            raise RuntimeError(f"{RUNTIME} has the checksum sha512-{found}: expected {CHECKSUM}.")
        with tarfile.open(packages[0]) as archive:
            for name in RUNTIME_FILES:
                with archive.extractfile(f"package/dist/{name}") as file, (out / name).open("wb") as copy:
                    shutil.copyfileobj(file, copy)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="build/web", help="folder to write (default: build/web)")
    parser.add_argument("--generator", default="modern", help="file of packed weights (default: the shipped ones)")
    parser.add_argument("--editor", default="editor", help="as --generator")
    options = parser.parse_args()
    fg.quiet()
    build(**vars(options))
    out = Path(options.out)
    size = sum(file.stat().st_size for file in out.glob("*.onnx")) / 1e6
    print(f"The page is in {out.absolute()}, with {size:.1f} MB of weights. See it by:")
    print(f"    python -m http.server --bind 127.0.0.1 --directory {out}")


if __name__ == "__main__":
    main()
