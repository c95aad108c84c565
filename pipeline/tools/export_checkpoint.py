"""`python -m pipeline export_checkpoint`: a checkpoint of ours in the names and shapes of a paper's authors."""

from __future__ import annotations

import argparse
from pathlib import Path

from torch import nn

from pipeline.artifacts import InputError
from pipeline.authors import reference
from pipeline.authors.reference import export_reference
from pipeline.dense import checkpoints as dense_checkpoints
from pipeline.lift import checkpoints as lift_checkpoints
from pipeline.tools import import_dense
from pipeline.tools.import_checkpoint import check_network, network_of
from pipeline.training.checkpoint import CheckpointError, save

DESCRIPTION = """\
Write the weights of a checkpoint of ours as a paper's authors' code saves them: a dictionary with `epoch` and
`state_dict`, for torch.load(FILE)["state_dict"] and load_state_dict (torch 1.6 or later). No number changes;
import_checkpoint is the way back.

  python -m pipeline export_checkpoint --paper semgcn data/mini/train_lift/semgcn/seed_0/checkpoint.pt semgcn.pth.tar
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    command.description = DESCRIPTION
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("--paper", required=True, choices=reference.PAPERS, help="whose names the weights shall have")
    command.add_argument(
        "--data-parallel",
        action="store_true",
        help="put `module.` before every name, as a network wrapped for several GPUs expects it",
    )
    command.add_argument(
        "checkpoint", type=Path, metavar="CHECKPOINT", help="ours, as train_lift, train_dense or an import wrote it"
    )
    command.add_argument("file", type=Path, metavar="FILE", help="where to write; a file that is there is replaced")


def run(root: Path, paper: str, checkpoint: Path, file: Path, data_parallel: bool = False) -> int:
    """Write `file` from our `checkpoint`. Raises InputError; the exit code is 0."""
    try:
        name, epoch, network = _dense(paper, checkpoint) if paper in reference.DENSE else _lifting(paper, checkpoint)
    except CheckpointError as error:
        raise InputError(str(error)) from None
    if file.exists() and file.samefile(checkpoint):
        raise InputError(f"{file}: this is the checkpoint itself; give the new file another name")
    try:
        state = export_reference(network.state_dict(), paper)
    except CheckpointError as error:
        raise InputError(f"{checkpoint}: {error}") from None
    prefix = reference.DATA_PARALLEL if data_parallel else ""
    renamed = {prefix + name: value.contiguous().clone() for name, value in state.items()}
    try:
        save(file, {"epoch": epoch, "state_dict": renamed})
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror})") from None
    print(f"{file}: {len(renamed)} tensors of variant {name}, named as {paper}'s authors name them")
    return 0


def _lifting(paper: str, checkpoint: Path) -> tuple[str, int, nn.Module]:
    ours = lift_checkpoints.load_model(checkpoint)
    check_network(paper, ours.variant_name, ours.variant)
    return ours.variant_name, ours.epoch, network_of(ours.model)


def _dense(paper: str, checkpoint: Path) -> tuple[str, int, nn.Module]:
    ours = dense_checkpoints.load_model(checkpoint)
    import_dense.check_network(paper, ours.variant_name, ours.variant)
    return ours.variant_name, ours.epoch, ours.model
