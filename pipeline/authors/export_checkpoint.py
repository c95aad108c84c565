"""`python -m pipeline export_checkpoint`: our checkpoint in the names and shapes of a paper's authors."""

from __future__ import annotations

import argparse
from pathlib import Path

from torch import nn

from pipeline.artifacts import InputError
from pipeline.authors import import_detection, names
from pipeline.authors.import_checkpoint import check_network, network_of
from pipeline.authors.names import export_weights
from pipeline.detection import checkpoints as detection_checkpoints
from pipeline.lifting import checkpoints as lifting_checkpoints
from pipeline.training.checkpoint import CheckpointError, save
from pipeline.user_files import check_output, require_file

DESCRIPTION = """\
Write the weights of one of our checkpoints as a paper's authors' code saves them: a dictionary with `epoch` and
`state_dict`, for torch.load(FILE)["state_dict"] and load_state_dict (torch 1.6 or later). No value changes;
import_checkpoint is the inverse.

  python -m pipeline export_checkpoint --paper semgcn data/mini/train_lifting/semgcn/seed_0/checkpoint.pt semgcn.pth.tar
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    command.description = DESCRIPTION
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("--paper", required=True, choices=names.PAPERS, help="whose names the weights get")
    command.add_argument(
        "--data-parallel",
        action="store_true",
        help="put `module.` before every name, as a network wrapped for several GPUs expects",
    )
    command.add_argument(
        "checkpoint",
        type=Path,
        metavar="CHECKPOINT",
        help="written by train_lifting, train_detection or import_checkpoint",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="where to write; an existing file is replaced")


def run(root: Path, paper: str, checkpoint: Path, file: Path, data_parallel: bool = False) -> int:
    """Write `file` from our `checkpoint`. Raises InputError; the exit code is 0."""
    require_file(checkpoint, "name a checkpoint.pt")
    check_output(file, "FILE", checkpoint)
    try:
        name, epoch, network = (
            _detection(paper, checkpoint) if paper in names.DETECTION else _lifting(paper, checkpoint)
        )
    except CheckpointError as error:
        raise InputError(str(error)) from None
    try:
        state = export_weights(network.state_dict(), paper)
    except CheckpointError as error:
        raise InputError(f"{checkpoint}: {error}") from None
    prefix = names.DATA_PARALLEL if data_parallel else ""
    renamed = {prefix + name: value.contiguous().clone() for name, value in state.items()}
    save(file, {"epoch": epoch, "state_dict": renamed})
    print(f"{file}: {len(renamed)} tensors of variant {name}, named as {paper}'s authors name them")
    return 0


def _lifting(paper: str, checkpoint: Path) -> tuple[str, int, nn.Module]:
    ours = lifting_checkpoints.load_model(checkpoint)
    check_network(paper, ours.variant_name, ours.variant)
    return ours.variant_name, ours.epoch, network_of(ours.model)


def _detection(paper: str, checkpoint: Path) -> tuple[str, int, nn.Module]:
    ours = detection_checkpoints.load_model(checkpoint)
    import_detection.check_network(paper, ours.variant_name, ours.variant)
    return ours.variant_name, ours.epoch, ours.model
