"""The command line: `python -m pipeline STAGE`, which DVC and Snakemake call, and some tools."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from pipeline import clock, failures, shell
from pipeline.artifacts import InputError

DETECTORS = ("stacked_hourglass", "cascaded_pyramid_network")
OF_STAGES = ("variant", "seed", "detector", "task")  # the options that select one job of a stage


class Stage(NamedTuple):
    """A stage's sentence for `--help`, and the options that select one of its jobs."""

    sentence: str
    options: tuple[str, ...] = ()


class Tool(NamedTuple):
    """The module of a command that is not a stage, and its sentence for `--help`."""

    module: str
    sentence: str


# In the order of the DAG.
STAGES = {
    "download": Stage("fetch what the preset needs, check it, and list it in data/<preset>/download.json"),
    "prepare_motion": Stage("turn motion into 2D and 3D joints seen by four cameras (data/<preset>/motion)"),
    "build_body": Stage("make the open body, or read SMPL, and coarsen its mesh (data/<preset>/body)"),
    "fit_body": Stage("fit the body to the poses (data/<preset>/targets/meshes) or to joints of your own"),
    "prepare_crops": Stage(
        "draw the poses as images of one person each (data/<preset>/crops), if the preset asks for it"
    ),
    "prepare_keypoints": Stage("give the poses a detector's 2D joints, or true 2D joints with noise", ("detector",)),
    "prepare_generalization": Stage("read another data set's test poses, if the preset asks for them"),
    "prepare_images": Stage("render scenes or read COCO's annotations (data/<preset>/images)", ("task",)),
    "train_lifting": Stage(
        "train one seed of a variant; an interrupted training continues where it stopped", ("variant", "seed")
    ),
    "evaluate_lifting": Stage("measure a trained variant (results/<preset>/metrics)", ("variant",)),
    "train_pixels": Stage(
        "train one seed of a variant on images of one person each (-> 3D joints); continues if interrupted",
        ("variant", "seed"),
    ),
    "evaluate_pixels": Stage("measure a variant that was trained on images (results/<preset>/metrics)", ("variant",)),
    "train_detection": Stage(
        "train one seed of a detection variant (images -> keypoints or boxes); continues if interrupted",
        ("variant", "seed"),
    ),
    "evaluate_detection": Stage("measure a trained detection variant (results/<preset>/metrics)", ("variant",)),
    "tabulate": Stage("gather the metrics into the papers' tables and judge their claims"),
    "report": Stage("draw the figures and write results/<preset>/README.md"),
    "publish": Stage("copy finished trainings and results to MLflow; repeating it makes no duplicates"),
}
TOOLS = {
    "plan": Tool("tools.plan", "resolve the jobs of a preset, and list which would run again and why (--explain)"),
    "cost": Tool("tools.cost", "say what the trainings cost that are not done yet: hours, memory, disk"),
    "cluster": Tool("tools.cluster", "run a preset on a Slurm cluster; first see to the jobs of a killed run"),
    "sync": Tool("tools.sync", "tell Snakemake and DVC which outputs that come from elsewhere are finished"),
    "predict": Tool("tools.predict", "lift your own 2D keypoints to 3D poses that say how sure they are"),
    "fetch_detector": Tool(
        "tools.fetch_detector", "fetch MoveNet's weights, with which `predict` finds people in images and videos"
    ),
    "where": Tool("tools.where", "print where the results of a finished run are"),
    "doctor": Tool(
        "tools.doctor", "list, for each preset, which data are there, which are missing and where to get them"
    ),
    "ui": Tool("tools.ui", "start MLflow's page on this machine and print where the runs are"),
    "follow": Tool("tools.follow", "send the curves of trainings that are under way to an MLflow server"),
    "reference": Tool("tools.reference", "copy the results of a finished run to results/reference/<preset>"),
    "adopt": Tool(
        "tools.adopt", "take over the finished variants of a committed run, so that they are not trained again"
    ),
    "readme": Tool(
        "tools.readme", "write the tables of README.md, docs/results.md and docs/studies.md from results/reference"
    ),
    "export_weights": Tool("tools.export_weights", "write a trained lifting network as safetensors with a model card"),
    "fit_joint_map": Tool(
        "tools.fit_joint_map", "fit how COCO's keypoints become the joints of CMU's motion capture, and measure it"
    ),
    "import_checkpoint": Tool(
        "authors.import_checkpoint", "convert an authors' checkpoint to ours, without executing it"
    ),
    "export_checkpoint": Tool(
        "authors.export_checkpoint", "convert one of our checkpoints to one that the authors' code reads"
    ),
}
HELP = {
    "variant": "a name under lifting_variants (detection_variants) in params.yaml or in the preset",
    "seed": "one of the variant's seeds",
    "detector": "the detector of the 2D joints",
    "task": "what the network finds in images",
}
CHOICES: dict[str, tuple[str, ...]] = {"detector": DETECTORS, "task": ("pose", "boxes")}


OWN_JOINTS = """\
Fit the body to the preset's poses, as the pipeline does, or to joints of your own:

  python -m pipeline fit_body --joints mine.npz --output bodies.npz

mine.npz holds `joints_3d` [N, 17, 3] in mm, in Human3.6M's joint order, in world or camera axes. With `subject` [N]
(names or numbers) all poses of a person share one shape; without it all poses belong to one person.

bodies.npz receives, in metres and in the axes of the joints: SMPL's `rotations` [N, 24, 3], `translation`, `betas` (one
row per person), the `residual` in mm, `fitted` joints, and the small body's `vertices` with its `faces`."""


def parser(command_name: str | None = None) -> argparse.ArgumentParser:
    """The parser for all commands. It has a tool's options only if the tool is named, because tools import slowly."""
    top = argparse.ArgumentParser(
        prog="python -m pipeline",
        description="MixPose: run one stage of the pipeline, or a tool. `snakemake` and `dvc repro` run all stages.",
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
                help="a folder or address with the files at <host>/<path> (default: MIXPOSE_MIRROR, then params.yaml)",
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
    """Run one job with the settings in its plan file, and record what its outputs were made from.

    Raises InputError if the file does not agree with the present settings and code.
    """
    # Imported here so that `--help` and the message for a misspelt command come at once.
    from pipeline import config
    from pipeline.config import finished, made, running
    from pipeline.config.code import Code

    run = config.load(preset, root)
    if options.get("joints") or options.get("output"):  # the user's own joints are not a job of the plan
        from pipeline import user_files

        if options["joints"]:
            user_files.require_file(Path(options["joints"]), "give that file to --joints")
        importlib.import_module(f"pipeline.stages.{stage}").run(run, **options)
        return
    which = {name: str(value) for name, value in options.items() if name in OF_STAGES}
    job, planned = made.today(run, stage, which)
    if "DVC_STAGE" in os.environ:  # DVC calls this; Snakemake has looked whether DVC is at work
        running.require_nobody(run)
    work = importlib.import_module(f"pipeline.stages.{stage}")
    if os.environ.get("TORCHELASTIC_RUN_ID") is not None:  # one of several processes that share the job
        work.run(planned, **options)
        if os.environ["RANK"] == "0":
            made.note(job, root)
        return
    with running.alone(run, job) as waited:
        if waited and not made.changes(job, root, made.Digests(root), Code()):
            print(f"{job.name}: that process has done it")
            return
        running.require_writable(root, job)
        running.remove_unfinished(root, job)
        reuse = finished.wanted(job)
        if reuse and finished.take(job, root):
            again = f"to make them again delete {finished.folder(job, root)}"
            print(f"{job.name}: made from the same as before, so its outputs were put back; {again}")
        else:
            work.run(planned, **options)
            made.note(job, root)
        if reuse:
            finished.keep(job, root)


def _options(arguments: list[str]) -> dict[str, Any]:
    try:
        return vars(parser(arguments[0] if arguments else None).parse_args(arguments))
    except SystemExit:  # after `--help`
        sys.stdout.flush()
        raise


def main(arguments: list[str] | None = None) -> int:
    # What was printed is flushed here. Python would do it afterwards, and nobody could say in one line that it failed.
    # A name of a file may have letters that the terminal cannot show.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = _options(sys.argv[1:] if arguments is None else arguments)
        command = options.pop("command")
        shell.settle()
        clock.settle()
        if command in TOOLS:
            status: int = importlib.import_module(f"pipeline.{TOOLS[command].module}").run(Path(), **options)
        else:
            run_stage(command, options.pop("preset"), options)
            status = 0
        sys.stdout.flush()
        return status
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; run the same command again to continue", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output, such as `head`, has read enough
        _print_no_more()
        return 141  # what a shell gives for it
    except Exception as error:
        line = failures.line(error)
        if line is None:
            raise
        print(f"error: {line}", file=sys.stderr)
        _print_what_there_is_room_for()
        return 2


def _print_what_there_is_room_for() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _print_no_more()


def _print_no_more() -> None:
    """Or Python would try once more at its end, and print that it failed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
