"""The command line: `python -m pipeline STAGE`, one sub-command a stage, as DVC and Snakemake call them."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from pipeline import params
from pipeline.artifacts import InputError

# What `--help` teaches, in the order of the DAG: stage -> (its sentence, whether it works on one variant).
STAGES = {
    "download": ("fetch what the preset needs, check it, and list it in data/<preset>/download.json", False),
    "prepare_motion": ("turn motion into 2D and 3D joints seen by four cameras (data/<preset>/motion)", False),
    "train_lift": ("train a variant for every seed; a stopped run goes on where it was", True),
    "evaluate_lift": ("measure a trained variant (results/<preset>/metrics)", True),
    "tabulate": ("gather the metrics into the papers' tables and judge their claims", False),
    "report": ("draw the figures and write results/<preset>/README.md", False),
    "publish": ("put finished runs into MLflow; can be repeated without making a second run", False),
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m pipeline",
        description="MixPose: one stage of the pipeline. `dvc repro` and `snakemake --cores all` run them all.",
    )
    commands = top.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for name, (sentence, of_a_variant) in STAGES.items():
        command = commands.add_parser(name, help=sentence, description=sentence[0].upper() + sentence[1:] + ".")
        command.add_argument("--preset", help="a file of params/ without .yaml (default: the preset in params.yaml)")
        if of_a_variant:
            command.add_argument("--variant", required=True, help="a name under lift_variants in params.yaml")
        if name == "download":
            command.add_argument(
                "--mirror",
                help="a directory or address laid out as <host>/<path> (else MIXPOSE_MIRROR, else params.yaml)",
            )
    return top


def main(arguments: list[str] | None = None) -> int:
    options = vars(parser().parse_args(arguments))
    stage, preset = options.pop("stage"), options.pop("preset")
    try:
        run = params.load(preset, Path())
        if "variant" in options:
            run.variant(options["variant"])
        # Imported late: a stage loads only what it uses, so that `--help` and a typing error answer at once.
        importlib.import_module(f"pipeline.stages.{stage}").run(run, **options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
