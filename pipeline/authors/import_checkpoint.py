"""`python -m pipeline import_checkpoint`: the weights that a paper's authors released as one of our checkpoints."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from torch import Tensor, nn

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.authors import foreign_weights, import_detection, names
from pipeline.config import LiftingVariant
from pipeline.geometry.coarsening import GraphError, MeshGraphs
from pipeline.geometry.skeleton import HUMAN36M_17, adjacency
from pipeline.lifting.checkpoints import save_model
from pipeline.lifting.data import skeleton_of
from pipeline.lifting.mirror import MirrorTested
from pipeline.lifting.models import build_model
from pipeline.training.checkpoint import CheckpointError
from pipeline.user_files import read_users_arrays, require_file

DEFAULT_VARIANTS = {
    "semgcn": "semgcn_authors",
    "graphmdn": "graphmdn_authors",
    "martinez": "fully_connected_authors",
    "hgn": "hgn_authors",
}
# The weights of HGN with one edge score per entry of a graph's adjacency, and our name of the graph.
EDGE_SCORES = {"gconv_output.e": "joints", "gconv_output_48.e": "coarse", "gconv_output_96.e": "fine"}
DESCRIPTION = f"""\
Import the weights that a paper's authors released. The file is read without executing it (torch's own format, old or
new; from one GPU or several), its names and shapes are compared with the variant's network, and the weights are
written as data/imported/<SHA-256>.pt. The file itself is not changed.

  python -m pipeline import_checkpoint --paper semgcn ckpt_semgcn_nonlocal.pth.tar

Then put the line that it prints into params.yaml and run the pipeline: evaluate_lifting gives the row "authors'
weights, evaluated here". Weights without non-local layers, or of another width, need a variant of their own: write it
in params.yaml (copy {DEFAULT_VARIANTS["semgcn"]}, change `model:`) and name it with --variant.

Files of GraphMDN's weights do not show whether the network applied tanh to its means, as the authors' code does. Add
--means tanh if it did; weights trained without it cannot be imported.

HGN's weights depend on the mesh graphs they were trained with, which are stored in the checkpoint too. They are those
of the preset in params.yaml, after fit_body has run; --graphs names another graphs.npz.

CenterNet's weights (centernet) and those with mixtures (mixture_dense) are imported for the variant under
detection_variants whose network has the same names and shapes, and evaluate_detection gives the row. If several fit,
--variant chooses.
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    command.description = DESCRIPTION
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument(
        "--paper",
        required=True,
        choices=names.PAPERS,
        help="whose network the weights are of (martinez: the fully connected one, also released by SemGCN's authors)",
    )
    defaults = ", ".join(f"{paper}: {name}" for paper, name in DEFAULT_VARIANTS.items())
    command.add_argument(
        "--variant",
        help=f"a name under lifting_variants or detection_variants in params.yaml (default: {defaults}; "
        "centernet, mixture_dense: the variant that the weights fit)",
    )
    command.add_argument("--graphs", type=Path, metavar="NPZ", help="of hgn: mesh graphs as build_body writes them")
    command.add_argument(
        "--means",
        choices=get_args(names.Means),
        help="of graphmdn, required: what the network applied to its output to give the means (the authors' code: "
        "tanh). The file does not show it; linear cannot be imported",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="the authors' file, such as ckpt_semgcn.pth.tar")


def run(
    root: Path,
    paper: str,
    file: Path,
    variant: str | None = None,
    graphs: Path | None = None,
    means: names.Means | None = None,
) -> int:
    """Import `file` into the repository at `root`. Raises InputError; the exit code is 0."""
    settings = config.load(None, root)
    if paper != "hgn" and graphs is not None:
        raise InputError("--graphs: only hgn's network has mesh graphs; leave it out")
    if paper != "graphmdn" and means is not None:
        raise InputError("--means: only graphmdn's network has means; leave it out")
    if paper in names.DETECTION:
        return import_detection.run(root, settings, paper, file, variant)
    name = variant or DEFAULT_VARIANTS[paper]
    chosen = settings.variant(name)
    check_network(paper, name, chosen)
    place = graphs or settings.layout.mesh_graphs
    found = _graphs(place, graphs is not None) if paper == "hgn" else None
    weights, epoch = foreign_weights.read(file)
    try:
        if found is not None:
            check_graphs(weights, found, place)
        state = imported_state(weights, paper, name, chosen, found, means)
    except CheckpointError as error:
        raise InputError(f"{file}: {error}") from None
    stated = chosen.model_copy(update={"weights": None})  # or a second import would have another digest
    trained = chosen.epochs if epoch is None else epoch
    digest = foreign_weights.write(root, lambda path: save_model(path, name, stated, 0, trained, state, found))
    foreign_weights.report(root, file, len(weights), epoch, f"lifting_variants.{name}", digest, chosen.imported)
    return 0


def check_network(paper: str, name: str, variant: LiftingVariant) -> None:
    """Refuse a variant whose network computes something else with weights of these shapes. Raises InputError."""
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
            f"variant {name}: its network is not that of --paper {paper}; "
            f"take {DEFAULT_VARIANTS[paper]} or a variant like it"
        )


def _graphs(path: Path, of_user: bool) -> MeshGraphs:
    """The mesh graphs in a file that build_body or fit_body wrote, or that the user names. Raises InputError."""
    remedy = "name a graphs.npz that build_body wrote" if of_user else "delete it and run fit_body again"
    require_file(path, remedy)
    arrays = read_users_arrays(path, remedy) if of_user else artifacts.read_arrays(path)
    try:
        return MeshGraphs.from_arrays(arrays)
    except GraphError as error:
        raise InputError(f"{path}: {error}; {remedy}") from None


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
            "name their own graphs with --graphs"
        )


def imported_state(
    weights: Mapping[str, Tensor],
    paper: str,
    name: str,
    variant: LiftingVariant,
    graphs: MeshGraphs | None = None,
    means: names.Means | None = None,
) -> dict[str, Tensor]:
    """The authors' weights as the state of the variant's network. Raises CheckpointError at the first that differs."""
    model = build_model(variant, skeleton_of(variant), graphs)
    foreign_weights.fill(network_of(model), weights, paper, name, means)
    return model.state_dict()


def network_of(model: nn.Module) -> nn.Module:
    """The network whose weights the authors saved, without the wrapper that averages mirror images."""
    return model.model if isinstance(model, MirrorTested) else model
