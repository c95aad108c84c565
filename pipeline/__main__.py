"""The command line: `python -m pipeline STAGE`, as DVC and Snakemake call the stages, and a few tools."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import NamedTuple, get_args

from pipeline import params
from pipeline.artifacts import InputError


class Stage(NamedTuple):
    """What `--help` says of a stage, and what it works on: a variant, a detector, or (None) the whole preset."""

    sentence: str
    works_on: str | None = None


# In the order of the DAG.
STAGES = {
    "download": Stage("fetch what the preset needs, check it, and list it in data/<preset>/download.json"),
    "prepare_motion": Stage("turn motion into 2D and 3D joints seen by four cameras (data/<preset>/motion)"),
    "build_body": Stage("make the open body, or read SMPL, and coarsen its mesh (data/<preset>/body)"),
    "fit_body": Stage("fit the body to the poses (data/<preset>/targets/meshes), or to joints of your own"),
    "detect": Stage("give the poses the 2D joints of a detector, or of a model of its errors", "detector"),
    "prepare_generalization": Stage("read another data set's test poses, if the preset asks for them"),
    "train_lift_code": Stage("list the code that trains variants: all trainings depend on this one file"),
    "evaluate_lift_code": Stage("list the code that measures variants, likewise"),
    "train_lift": Stage("train a variant for every seed; a stopped run goes on where it was", "variant"),
    "evaluate_lift": Stage("measure a trained variant (results/<preset>/metrics)", "variant"),
    "prepare_images": Stage("draw scenes or read COCO's annotations (data/<preset>/images)"),
    "train_dense_code": Stage("list the code that trains dense variants: all their trainings depend on this one file"),
    "evaluate_dense_code": Stage("list the code that measures dense variants, likewise"),
    "train_dense": Stage(
        "train a dense variant (pictures -> keypoints or boxes); a stopped run goes on", "dense variant"
    ),
    "evaluate_dense": Stage("measure a trained dense variant (results/<preset>/metrics)", "dense variant"),
    "tabulate": Stage("gather the metrics into the papers' tables and judge their claims"),
    "report": Stage("draw the figures and write results/<preset>/README.md"),
    "publish": Stage("put finished runs into MLflow; can be repeated without making a second run"),
}
TOOLS = {
    "doctor": "tell for each preset which data are there, which are missing and where to get them",
    "import_checkpoint": "turn an authors' checkpoint into one of ours, without executing it",
    "export_checkpoint": "turn one of our checkpoints into one that the authors' code reads",
}


OWN_JOINTS = """\
Fit the body to the preset's poses, as the pipeline does; or to joints of your own:

  python -m pipeline fit_body --joints mine.npz --output bodies.npz

mine.npz holds `joints_3d` [N, 17, 3]: mm, Human3.6M's joint order, in the world's axes or a camera's. With `subject`
[N] (names or numbers) the poses of one person share one shape; without it all are one person's.

bodies.npz gets, in metres and in the axes of the joints: SMPL's `rotations` [N, 24, 3], `translation`, `betas` (a row a
person), the `residual` in mm, `fitted` joints, and the small body's `vertices` with its `faces`."""


def parser(command_name: str | None = None) -> argparse.ArgumentParser:
    """The parser for all commands; a tool's own options are there when its name is given: tools take time to import."""
    top = argparse.ArgumentParser(
        prog="python -m pipeline",
        description="MixPose: a stage of the pipeline, or a tool. `dvc repro` runs all stages, `snakemake` too.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="STAGE or TOOL")
    for name, stage in STAGES.items():
        command = commands.add_parser(name, help=stage.sentence, description=_sentence(stage.sentence))
        command.add_argument("--preset", help="a file of params/ without .yaml (default: the preset in params.yaml)")
        if stage.works_on == "variant":
            command.add_argument("--variant", required=True, help="a name under lift_variants in params.yaml")
        if stage.works_on == "dense variant":
            command.add_argument("--variant", required=True, help="a name under dense_variants in params.yaml")
        if stage.works_on == "detector":
            command.add_argument("--detector", required=True, choices=get_args(params.Detector), help="whose 2D joints")
        if name == "fit_body":
            _own_joints(command)
        if name == "download":
            command.add_argument(
                "--mirror",
                help="a directory or address laid out as <host>/<path> (else MIXPOSE_MIRROR, else params.yaml)",
            )
    for name, sentence in TOOLS.items():
        command = commands.add_parser(name, help=sentence, description=_sentence(sentence))
        if name == command_name:
            importlib.import_module(f"pipeline.tools.{name}").arguments(command)
    return top


def _own_joints(command: argparse.ArgumentParser) -> None:
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.description = OWN_JOINTS
    command.add_argument("--joints", metavar="FILE", help="fit these joints (npz) instead of the preset's poses")
    command.add_argument("--output", metavar="FILE", help="where the fits of --joints go (npz)")


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = vars(parser(arguments[0] if arguments else None).parse_args(arguments))
    command = options.pop("command")
    try:
        if command in TOOLS:
            return importlib.import_module(f"pipeline.tools.{command}").run(Path(), **options)
        run = params.load(options.pop("preset"), Path())
        if "variant" in options:
            dense = STAGES[command].works_on == "dense variant"
            run.dense_variant(options["variant"]) if dense else run.variant(options["variant"])
        # Imported late: a stage loads only what it uses, so that `--help` and a typing error answer at once.
        importlib.import_module(f"pipeline.stages.{command}").run(run, **options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
