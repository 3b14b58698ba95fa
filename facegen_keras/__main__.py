"""The command line: python -m facegen_keras train|sample|refine|evaluate|..."""

import argparse
import logging
import sys

import facegen_keras as fg
from facegen_keras.commands import arguments, drawing, measuring, moving, photographs, training


def main(arguments=None):
    """Run a command; returns the exit status, 2 for input that needs mending."""
    options = vars(_parser().parse_args(arguments))
    command = options.pop("command")
    if options.pop("tensorflow"):  # which takes seconds to load
        fg.quiet()
        for name in ("absl", "tf2onnx"):
            logging.getLogger(name).setLevel(logging.WARNING)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        return command(**options) or 0
    except (ValueError, TypeError, RuntimeError, ImportError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def check():
    from facegen_keras import check_env  # half of the time that --help would take

    return check_env.main()


def _parser():
    parser = argparse.ArgumentParser(prog="python -m facegen_keras", description="Train GANs on faces, and use them.")
    parser.add_argument("--version", action="version", version=f"facegen_keras {fg.__version__}")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for group in (training, drawing, photographs, measuring, moving):
        group.add_verbs(verbs)
    arguments.add_verb(verbs, check, "check the environment", tensorflow=False)
    return parser


if __name__ == "__main__":
    sys.exit(main())
