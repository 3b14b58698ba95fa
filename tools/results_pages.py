"""Write one page for each system into docs/results, from what `make compare` kept.

    python tools/results_pages.py runs/comparison docs/results

A page's section "Findings" is written by people, and is kept. What the comparison has not measured is not on the page.
"""

import argparse
import json
import shutil
from pathlib import Path

import keras
import pandas as pd

import facegen_keras as fg
from facegen_keras.files import write_atomically
from facegen_keras.training.comparison import DRAWING

FINDINGS = "## Findings\n"
PICTURES = ("faces.jpg", "attributes.jpg", "curves.png")  # not nearest.png, which shows training faces
COMMAND = "FACEGEN_DATA=/path/to/celeba make compare"


def write_page(recipe, measured, page):
    """Write the page of a recipe, and copy its pictures into a folder of its name beside it.

    Args:
        recipe: a `Recipe`.
        measured: the folder that `compare` made for it, or one that is not there.
        page: the file to write; where there is one, its findings are kept.
    """
    networks = summarise(recipe)
    sections = [f"# {recipe.name}\n", f"{recipe.source[0].upper()}{recipe.source[1:]}.\n", findings_of(page)]
    if (measured / "result.json").exists():
        sections += describe_measured(measured, page.with_suffix(""), networks)
    sections += [
        "## Settings\n",
        as_table(pd.DataFrame(settings(recipe).items(), columns=["setting", "value"])),
        "[Recipes](../recipes.md) says which of these the source leaves open, [knobs](../knobs.md) what each does.\n",
        "## Networks\n\nAs Keras sums them up:\n",
        *(f"```\n{summary}\n```\n" for summary, _ in networks),
    ]
    with write_atomically(page) as file:
        file.write_text("\n".join(filter(None, sections)), encoding="utf-8")


def describe_measured(measured, pictures, networks):
    """The sections on what a comparison measured; its pictures are copied into the folder `pictures`."""
    result = json.loads((measured / "result.json").read_text(encoding="utf-8"))
    parameters = [result["generator_parameters"], result["discriminator_parameters"]]
    if parameters != (now := [count for _, count in networks]):
        raise ValueError(f"{measured}: networks of {parameters} parameters, but the recipe has {now}. Compare it anew.")
    terms = json.loads((measured.parent / "terms.json").read_text(encoding="utf-8"))
    how = (measured / "how.txt").read_text(encoding="utf-8").partition("\n\n")[0].replace("\n", " ")
    folder = pictures.name
    pictures.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:
        if (measured / name).exists():
            shutil.copyfile(measured / name, pictures / name)
    sections = [
        f"## Faces\n\n![Faces after each quarter of the time]({folder}/faces.jpg)\n",
        "*The same latents after each quarter of the training. None was picked.*\n",
        "## Curves\n",
        f"![Losses of D and G, and D's mean probability of real, fake and mismatched faces]({folder}/curves.png)\n",
    ]
    if (measured / "attributes.jpg").exists():
        sections += [
            f"## Attributes\n\n![One attribute changed in each row]({folder}/attributes.jpg)\n",
            "*The same latents, with one attribute changed in each row.*\n",
        ]
    sections += [
        f"## Numbers\n\n{terms['minutes']:g} minutes of training in `{terms['dtype_policy']}` showed it "
        f"{result['images_seen']:,} faces, {result['images_per_second']:.0f} a second. {how}\n",
        as_table(pd.read_csv(measured / "scores.csv"), 3),
    ]
    if (measured / "attributes.csv").exists():
        sections += [
            "Balanced accuracy (0.5 is chance) of what its faces were asked to show, and of real faces' labels:\n",
            as_table(pd.read_csv(measured / "attributes.csv")),
        ]
    return [*sections, f"[Results](../results.md) compares all systems. Command:\n\n```sh\n{COMMAND}\n```\n"]


def findings_of(page):
    """The section of a page that people write, or "" where there is none."""
    if not page.exists():
        return ""
    _, heading, rest = page.read_text(encoding="utf-8").partition(FINDINGS)
    return heading + rest.partition("\n## ")[0].rstrip("\n") + "\n" if heading else ""


def summarise(recipe):
    """Keras' summary of generator and discriminator, each with its number of parameters."""
    keras.utils.clear_session()  # names of layers are counted from the first again
    gan = recipe.build()
    networks = []
    for network in (gan.generator, gan.discriminator):
        lines = []
        network.summary(80, print_fn=lambda text, **options: lines.append(text), expand_nested=True)  # noqa: B023
        networks.append(("\n".join(line.rstrip() for line in "\n".join(lines).splitlines()), network.count_params()))
    return networks


def settings(recipe):
    """A recipe's settings by name, as text. What is off is left out."""
    low, high = recipe.value_range
    values = {
        "image_size": "x".join(map(str, recipe.size)),
        "crop": recipe.crop or "the whole picture",
        "value_range": f"{low} to {high}",
        "attributes": ", ".join(recipe.attributes),
        "random_attributes": recipe.random_attributes and "yes",
        "repeat": recipe.repeat > 1 and recipe.repeat,
        "conditioning": f"`{recipe.conditioning}`",
        "latent_shape": "x".join(map(str, recipe.latent_shape or (*recipe.size, 3))),
        "latent_distribution": recipe.latent_distribution,
        "passes": recipe.passes,
        "reconstruction": recipe.passes and recipe.reconstruction,
        "flip": recipe.flip and "yes",
        "ema_decay": recipe.ema_decay,
        "loss": describe_loss(recipe.loss),
        "d_optimizer": describe_optimizer(recipe.d_optimizer),
        "g_optimizer": describe_optimizer(recipe.g_optimizer),
        "cooldown": recipe.cooldown and f"{recipe.cooldown:.2f}",
        "schedule": f"`{recipe.schedule}`",
        "batch_size": recipe.batch_size,
        "images": f"{recipe.images:,}" if recipe.images else "all",
        "epochs": recipe.epochs,
    }
    return {f"`{name}`": str(value) for name, value in values.items() if value}


def describe_loss(loss):
    usual = vars(type(loss)())
    options = [f"{name}={value!r}" for name, value in vars(loss).items() if value != usual[name]]
    return f"`{type(loss).__name__}({', '.join(options)})`"


def describe_optimizer(make):
    """`Adam(8e-05, beta_1=0.5)`, of the partial that makes it."""
    options = [*map(str, make.args), *(f"{name}={value}" for name, value in make.keywords.items())]
    return f"`{make.func.__name__}({', '.join(options)})`"


def as_table(table, digits=2):
    """A DataFrame as a table of Markdown; what was not measured (NaN) stays empty."""
    rows = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    cells = [[cell if isinstance(cell, str) else f"{cell:.{digits}f}" for cell in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells).replace(" nan ", " ")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comparison", type=Path, help="the folder of a comparison")
    parser.add_argument("out", type=Path, help="the folder of the pages")
    options = parser.parse_args()
    fg.quiet()
    for name in DRAWING:
        write_page(fg.RECIPES[name], options.comparison / name, options.out / f"{name}.md")
    print(f"{len(DRAWING)} pages are in {options.out}")


if __name__ == "__main__":
    main()
