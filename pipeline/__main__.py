"""The command line: `python -m pipeline STAGE`, as DVC and Snakemake call the stages, and a few tools."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.artifacts import InputError

DETECTORS = ("stacked_hourglass", "cascaded_pyramid_network")
OF_STAGES = ("variant", "seed", "detector", "task")  # the options that say which of a stage's jobs is meant


class Stage(NamedTuple):
    """What `--help` says of a stage, and the options that say which of its jobs is meant."""

    sentence: str
    options: tuple[str, ...] = ()


class Tool(NamedTuple):
    """The module behind a command that is no stage, and what `--help` says of it."""

    module: str
    sentence: str


# In the order of the DAG.
STAGES = {
    "download": Stage("fetch what the preset needs, check it, and list it in data/<preset>/download.json"),
    "prepare_motion": Stage("turn motion into 2D and 3D joints seen by four cameras (data/<preset>/motion)"),
    "build_body": Stage("make the open body, or read SMPL, and coarsen its mesh (data/<preset>/body)"),
    "fit_body": Stage("fit the body to the poses (data/<preset>/targets/meshes), or to joints of your own"),
    "prepare_keypoints": Stage(
        "give the poses the 2D joints of a detector, or of a model of its errors", ("detector",)
    ),
    "prepare_generalization": Stage("read another data set's test poses, if the preset asks for them"),
    "prepare_images": Stage("draw scenes or read COCO's annotations (data/<preset>/images)", ("task",)),
    "train_lifting": Stage("train one seed of a variant; a stopped run goes on where it was", ("variant", "seed")),
    "evaluate_lifting": Stage("measure a trained variant (results/<preset>/metrics)", ("variant",)),
    "train_detection": Stage(
        "train one seed of a detection variant (pictures -> keypoints or boxes); a stopped run goes on",
        ("variant", "seed"),
    ),
    "evaluate_detection": Stage("measure a trained detection variant (results/<preset>/metrics)", ("variant",)),
    "tabulate": Stage("gather the metrics into the papers' tables and judge their claims"),
    "report": Stage("draw the figures and write results/<preset>/README.md"),
    "publish": Stage("put finished runs into MLflow; can be repeated without making a second run"),
}
TOOLS = {
    "plan": Tool("tools.plan", "resolve what a preset runs, and say what would run again and why (--explain)"),
    "where": Tool("tools.where", "say where the results of a finished run are"),
    "doctor": Tool(
        "tools.doctor", "tell for each preset which data are there, which are missing and where to get them"
    ),
    "reference": Tool("tools.reference", "keep a finished run's results in results/reference/<preset>"),
    "readme": Tool("tools.readme", "write the tables of README.md and docs/results.md from results/reference"),
    "import_checkpoint": Tool(
        "authors.import_checkpoint", "turn an authors' checkpoint into one of ours, without executing it"
    ),
    "export_checkpoint": Tool(
        "authors.export_checkpoint", "turn one of our checkpoints into one that the authors' code reads"
    ),
}
HELP = {
    "variant": "a name under lifting_variants (detection_variants) in params.yaml",
    "seed": "one of the variant's seeds",
    "detector": "whose 2D joints",
    "task": "what is to be found in the pictures",
}
CHOICES: dict[str, tuple[str, ...]] = {"detector": DETECTORS, "task": ("pose", "boxes")}


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
        for option in stage.options:
            command.add_argument(
                f"--{option}",
                required=True,
                choices=CHOICES.get(option),
                type=int if option == "seed" else str,
                help=HELP[option],
            )
        if name == "fit_body":
            _own_joints(command)
        if name == "download":
            command.add_argument(
                "--mirror",
                help="a directory or address laid out as <host>/<path> (else MIXPOSE_MIRROR, else params.yaml)",
            )
    for name, tool in TOOLS.items():
        command = commands.add_parser(name, help=tool.sentence, description=_sentence(tool.sentence))
        if name == command_name:
            importlib.import_module(f"pipeline.{tool.module}").arguments(command)
    return top


def _own_joints(command: argparse.ArgumentParser) -> None:
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.description = OWN_JOINTS
    command.add_argument("--joints", metavar="FILE", help="fit these joints (npz) instead of the preset's poses")
    command.add_argument("--output", metavar="FILE", help="where the fits of --joints go (npz)")


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."


def run_stage(stage: str, preset: str | None, options: dict[str, Any], root: Path = Path()) -> None:
    """Run one job as its plan says, and note what it was made from.

    Settings and code are read from the plan's file, so the file must be of today's: InputError if it is not.
    """
    # Imported late, so that `--help` and a typing error answer at once.
    from pipeline import config
    from pipeline.config import made

    run = config.load(preset, root)
    if options.get("joints") or options.get("output"):  # a user's own joints are no job of the plan
        importlib.import_module(f"pipeline.stages.{stage}").run(run, **options)
        return
    which = {name: str(value) for name, value in options.items() if name in OF_STAGES}
    job, planned = made.today(run, stage, which)
    importlib.import_module(f"pipeline.stages.{stage}").run(planned, **options)
    made.note(job, root)


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = vars(parser(arguments[0] if arguments else None).parse_args(arguments))
    command = options.pop("command")
    try:
        if command in TOOLS:
            return importlib.import_module(f"pipeline.{TOOLS[command].module}").run(Path(), **options)
        run_stage(command, options.pop("preset"), options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
