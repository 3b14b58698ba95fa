"""What several verbs share: how a verb is added, options that they have in common, and what is read off options."""

import argparse

import facegen_keras as fg


def add_verb(verbs, command, told, tensorflow=True):
    """Add a verb to those of the command line.

    Args:
        verbs: what `ArgumentParser.add_subparsers` returned.
        command: the function that is called with the options; the verb has its name, with hyphens.
        told: what the verb does, in a line.
        tensorflow: whether the command loads TensorFlow, which is then muted first.

    Returns:
        The parser of the verb, for its arguments.
    """
    name = command.__name__.replace("_", "-")
    parser = verbs.add_parser(name, help=told, description=f"{told[0].upper()}{told[1:]}.")
    parser.set_defaults(command=command, tensorflow=tensorflow)
    return parser


def add_run(parser, required=False):
    shipped = "" if required else " (default: the generator that is shipped)"
    parser.add_argument("--run", required=required, help=f"folder of the run{shipped}")
    parser.add_argument("--last", action="store_true", help="its last epoch instead of that of the lowest KID")


def add_reject(parser):
    parser.add_argument(
        "--reject", type=float, default=0.0, help="share of the faces that the discriminator rejects, such as 0.33"
    )


def add_truncation(parser):
    parser.add_argument(
        "--truncation", type=float, default=1.0, help="draw latents nearer to their mean, such as 0.7 (default: 1)"
    )


def add_attribute_network(parser):
    parser.add_argument("--attribute-network", help="the .npz file of train-attributes that reads the run's labels")


def load(run, last, shipped="modern", attribute_network=None, truncation=1.0):
    """The GAN of a run, or a shipped one where no run is named, and how it draws and reads faces."""
    gan = fg.load_run(run, last) if run else fg.load_pretrained(shipped)
    gan.attribute_network, gan.truncation = attribute_network, truncation
    return gan


def parse_strengths(text):
    """ "Male=1,Smiling=0.5" -> {"Male": 1.0, "Smiling": 0.5}."""
    pairs = [pair.partition("=") for pair in text.split(",")] if text else []
    try:
        return {name.strip(): float(value) for name, _, value in pairs}
    except ValueError:
        raise ValueError(f"--attributes {text}: expected name=strength pairs such as Male=1,Smiling=0.") from None


def parse_selection(text):
    """ "5" -> 5; "none" -> "none"; "Male,Smiling" -> ["Male", "Smiling"]."""
    if text.lower() == "none":
        return "none"
    return int(text) if text.isdigit() else parse_names(text)


def parse_names(text):
    """ "faces,views" -> ["faces", "views"]."""
    return [name.strip() for name in text.split(",")]


def parse_number_or_share(text):
    """ "1000" -> 1000; "0.5" -> 0.5."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number such as 10000, or a share such as 0.5") from None
