"""`python -m pipeline import_checkpoint`: weights that a paper's authors released become a checkpoint of ours."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pipeline import artifacts, params
from pipeline.artifacts import InputError, Layout
from pipeline.geometry.coarsening import GraphError, MeshGraphs
from pipeline.geometry.skeleton import HUMAN36M_17, adjacency
from pipeline.lift.checkpoints import save_model
from pipeline.lift.dataset import skeleton_of
from pipeline.lift.mirror import MirrorTested
from pipeline.lift.models import build_model
from pipeline.params import LiftVariant
from pipeline.training import checkpoint, reference
from pipeline.training.checkpoint import CheckpointError, export_reference, import_reference

DEFAULT_VARIANTS = {
    "semgcn": "semgcn_authors",
    "graphmdn": "graphmdn_authors",
    "martinez": "fully_connected_authors",
    "hgn": "hgn_authors",
}
# Where an edge score stands for every entry of a graph, in HGN's state dict; and the graph's name here.
EDGE_SCORES = {"gconv_output.e": "joints", "gconv_output_48.e": "coarse", "gconv_output_96.e": "fine"}
DESCRIPTION = f"""\
Bring the weights that a paper's authors released into the pipeline. The file is read without executing it (torch's
own format, old or new; from one GPU or several), its names and shapes are compared with the variant's network, and the
weights are written as data/imported/<SHA-256>.pt. The file itself is left as it is.

  python -m pipeline import_checkpoint --paper semgcn ckpt_semgcn_nonlocal.pth.tar

Then put the line that it prints into params.yaml and run the pipeline: evaluate_lift gives the row "authors' weights,
evaluated here". Weights without non-local layers, or of another width, belong to another variant: write it in
params.yaml (copy {DEFAULT_VARIANTS["semgcn"]}, change `model:`) and name it with --variant.

HGN's weights mean nothing without the mesh graphs they were trained on, which are put into the checkpoint too. They are
those of the preset in params.yaml, once fit_body has run; --graphs names another graphs.npz.
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    command.description = DESCRIPTION
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument(
        "--paper",
        required=True,
        choices=reference.PAPERS,
        help="whose network the weights are of (martinez: the fully connected one, also released by SemGCN's authors)",
    )
    defaults = ", ".join(f"{paper}: {name}" for paper, name in DEFAULT_VARIANTS.items())
    command.add_argument("--variant", help=f"a name under lift_variants in params.yaml (default: {defaults})")
    command.add_argument("--graphs", type=Path, metavar="NPZ", help="of hgn: mesh graphs as build_body writes them")
    command.add_argument("file", type=Path, metavar="FILE", help="the authors' file, such as ckpt_semgcn.pth.tar")


def run(root: Path, paper: str, file: Path, variant: str | None = None, graphs: Path | None = None) -> int:
    """Import `file` into the repository at `root`. Raises InputError; the exit code is 0."""
    name = variant or DEFAULT_VARIANTS[paper]
    settings = params.load(None, root)
    chosen = settings.variant(name)
    check_network(paper, name, chosen)
    found, place = None, graphs or settings.layout.mesh_graphs
    if paper == "hgn":
        found = read_graphs(place)
    elif graphs is not None:
        raise InputError("--graphs: only hgn's network has mesh graphs; leave it out")
    try:
        content = checkpoint.load_foreign(file)
    except CheckpointError as error:
        raise InputError(str(error)) from None
    try:
        weights = reference.weights_in(content)
        if found is not None:
            check_graphs(weights, found, place)
        model = imported_state(weights, paper, name, chosen, found)
    except CheckpointError as error:
        raise InputError(f"{file}: {error}") from None
    epoch = epoch_in(content)
    digest = write(root, name, chosen, chosen.epochs if epoch is None else epoch, model, found)
    trained = "" if epoch is None else f" after {epoch} epochs"
    print(f"{file}: {len(weights)} tensors{trained}, all as variant {name} needs them")
    print(f"written: {Layout('', root).imported(digest)}")
    also = "" if chosen.imported else "    imported: true\n"
    print(f"next: in params.yaml, lift_variants, {name}, write\n\n{also}    weights: {digest}\n")
    option = "" if chosen.imported else f" -S lift_variants.{name}.imported=true"
    print(f"or run  dvc exp run{option} -S lift_variants.{name}.weights={digest}")
    return 0


def check_network(paper: str, name: str, variant: LiftVariant) -> None:
    """Refuse a variant whose network computes something else with the same weights. Raises InputError."""
    model, mixture = variant.model, variant.head.name == "mixture"
    graph = (
        model.name == "graph_network"
        and model.convolution in ("semantic", "semantic_channelwise")
        and model.edge_weights == "softmax"
        and model.non_local != "ungrouped"
    )
    fits = {
        "semgcn": graph and not mixture,
        "graphmdn": graph and mixture,
        "martinez": model.name == "fully_connected" and not mixture,
        "hgn": (model.name, model.convolution, model.non_local, model.meshes, model.fusion)
        == ("hierarchical_graph_network", "semantic", "ungrouped", "both", "sequential")
        and not mixture,
    }
    if not fits[paper] or model.refinement != "none":
        raise InputError(
            f"variant {name}: its network is not the one that --paper {paper} stands for; "
            f"take {DEFAULT_VARIANTS[paper]} or a variant like it"
        )


def read_graphs(path: Path) -> MeshGraphs:
    """The mesh graphs in a file of build_body's or fit_body's. Raises InputError."""
    try:
        return MeshGraphs.from_arrays(artifacts.read_arrays(path))
    except GraphError as error:
        raise InputError(f"{path}: {error}; delete it and run the stage that writes it again") from None


def check_graphs(weights: Mapping[str, Tensor], graphs: MeshGraphs, path: Path) -> None:
    """Refuse weights that were trained on graphs with other edges. Raises CheckpointError with both counts."""
    theirs = {graph: weights[name].numel() for name, graph in EDGE_SCORES.items() if name in weights}
    ours = {"joints": int((adjacency(HUMAN36M_17) > 0).sum())}
    ours |= {"coarse": int((graphs.coarse.adjacency > 0).sum()), "fine": int((graphs.fine.adjacency > 0).sum())}
    if theirs and theirs != {graph: ours[graph] for graph in theirs}:

        def listed(counts: Mapping[str, int]) -> str:
            return ", ".join(f"{graph} {count}" for graph, count in counts.items())

        raise CheckpointError(
            f"trained on graphs with other edges: {listed(theirs)} entries in the weights, {listed(ours)} in {path}; "
            "take a preset with `body: smpl` and `coarsening: as_stored`, or name their own graphs with --graphs"
        )


def imported_state(
    weights: Mapping[str, Tensor], paper: str, name: str, variant: LiftVariant, graphs: MeshGraphs | None = None
) -> dict[str, Tensor]:
    """The authors' weights as the state of the variant's network. Raises CheckpointError at the first that differs."""
    model = build_model(variant, skeleton_of(variant), graphs)
    network = network_of(model)
    difference = _first_difference(weights, export_reference(network.state_dict(), paper), name)
    if difference:
        likely = reference.likely_paper(weights)
        hint = f"; by its names it is {likely}'s" if likely not in (None, paper) else ""
        raise CheckpointError(difference + hint)
    for key, value in weights.items():
        if not torch.isfinite(value).all():
            raise CheckpointError(f"{key}: holds NaN or infinity; fetch the file again, or take an earlier epoch's")
    network.load_state_dict(import_reference(weights, paper))
    return model.state_dict()


def network_of(model: nn.Module) -> nn.Module:
    """The network whose weights the authors saved, without what a variant puts around it."""
    return model.model if isinstance(model, MirrorTested) else model


def _first_difference(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], variant: str) -> str | None:
    """The first name that is missing, has another shape or type, or is one too many, in the authors' words."""
    surplus = next((f"{name} {list(value.shape)}" for name, value in found.items() if name not in expected), None)
    for name, value in expected.items():
        if name not in found:
            if name.endswith(reference.COUNTER):
                continue
            instead = f", but {surplus} is" if surplus else ""
            return f"{name} {list(value.shape)}, which variant {variant} needs, is not in the file{instead}"
        for what in ("shape", "dtype"):
            theirs, ours = getattr(found[name], what), getattr(value, what)
            if theirs != ours:
                theirs, ours = (list(side) if what == "shape" else side for side in (theirs, ours))
                return f"{name}: {theirs} in the file, {ours} in the network of variant {variant}"
    return f"{surplus} in the file has no place in the network of variant {variant}" if surplus else None


def epoch_in(content: Mapping[str, Any]) -> int | None:
    """After how many epochs the authors' code says it saved, if it does."""
    epoch = content.get("epoch")
    return epoch if isinstance(epoch, int) and not isinstance(epoch, bool) and epoch >= 0 else None


def write(
    root: Path,
    name: str,
    variant: LiftVariant,
    epoch: int,
    state: dict[str, Tensor],
    graphs: MeshGraphs | None = None,
) -> str:
    """Write our checkpoint under its own digest, which is returned; what is there already stays untouched.

    The variant's `weights` are left out of it, or a second import would have another digest than the first.
    """
    layout = Layout("", root)
    folder = layout.imported("").parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part.") as part:
        path = Path(part) / "weights.pt"
        save_model(path, name, variant.model_copy(update={"weights": None}), 0, epoch, state, graphs)
        digest = artifacts.digest(path)
        target = layout.imported(digest)
        if not target.exists() or artifacts.digest(target) != digest:
            path.replace(target)
    return digest
