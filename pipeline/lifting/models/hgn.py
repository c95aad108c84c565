"""HGN: the skeleton's graph and two graphs of the body's mesh side by side, exchanging features after every block.

Source: Li et al., "Hierarchical graph networks for 3D human pose estimation", BMVC 2021, Section 3.2 and Figure 2;
where the picture leaves something open, the names of the weights that its authors' code saves (authors/reference.py).
Subnetworks over 17 joints, the coarse mesh (48 nodes) and the fine mesh (96) have 4, 4 and 2 residual blocks, each
followed by a non-local layer that pools nothing. In stages:

    input block on the joints; the coarse mesh begins as a map of its features
    a block on joints and coarse;        fusion of the two
    a block on joints and coarse;        fusion of the two, in which the fine mesh begins
    a block on all three;                fusion of the three
    a block on all three;                fusion of the three
    a graph convolution to the outputs, of every graph

graph_fusion.py says what a fusion is. Without one of the meshes ("w/o" in the paper's Tables 2 and 3) the other one
takes the place of the coarse one, with four blocks, and there is no third graph. GraphMDN's head on the joints' outputs
is our addition.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.config import modules
from pipeline.geometry.skeleton import adjacency
from pipeline.lifting.models.graph_blocks import GraphBlock, ResidualBlock
from pipeline.lifting.models.graph_fusion import Features, Fusion, Order, fixed_maps
from pipeline.lifting.models.parts import Parts
from pipeline.lifting.output_types import PoseAndMeshes

if TYPE_CHECKING:
    from pipeline.config import ModelSettings

STAGES = 4
THIRD_GRAPH_FROM = 2  # the stage, from 0, at which the fine mesh begins beside the coarse one

GraphConvolution = Callable[[int, int, Tensor], nn.Module]  # (in_features, out_features, adjacency) -> layer


class HierarchicalGraphNetwork(nn.Module):
    """keypoints_2d [B, J, 2], screen-normalised, -> PoseAndMeshes.

    `skeleton` [J, J] is the joints' adjacency, `meshes` those of the meshes by name, "coarse" before "fine" if there
    are both. `head` makes a pose of every joint's `outputs`. `joint_of` [nodes] of every mesh is what a fixed fusion
    goes by: the joint that a node belongs to, -1 for a fake node.
    """

    def __init__(
        self,
        skeleton: Tensor,
        meshes: Mapping[str, Tensor],
        convolution: GraphConvolution,
        non_local: Callable[[], nn.Module],
        head: nn.Module,
        outputs: int,
        channels: int = 128,
        dropout: float = 0.0,
        fusion: Order = "parallel",
        joint_of: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__()
        _check_graphs(skeleton, meshes, fusion, joint_of)
        graphs = {"joints": skeleton, **meshes}
        self.joint_count = len(skeleton)
        self.meshes = list(meshes)
        self.begins = {name: THIRD_GRAPH_FROM if place == 2 else 0 for place, name in enumerate(graphs)}
        self.input = GraphBlock(convolution(2, channels, skeleton), channels, dropout)
        self.residuals = nn.ModuleDict()
        self.non_locals = nn.ModuleDict()
        for name, graph in graphs.items():
            blocks = range(STAGES - self.begins[name])

            def on_graph(ins: int, outs: int, graph: Tensor = graph) -> nn.Module:
                return convolution(ins, outs, graph)

            self.residuals[name] = nn.ModuleList(ResidualBlock(on_graph, channels, dropout) for _ in blocks)
            self.non_locals[name] = nn.ModuleList(non_local() for _ in blocks)
        maps = fixed_maps(len(skeleton), joint_of) if joint_of is not None and fusion == "fixed" else None
        nodes = {name: len(graph) for name, graph in graphs.items()}
        self.fusions = nn.ModuleList()
        for stage in range(STAGES + 1):
            sending = [name for name in graphs if stage > self.begins[name]] or ["joints"]
            receiving = [name for name in graphs if stage >= self.begins[name]] if stage else self.meshes[:1]
            self.fusions.append(Fusion(nodes, sending, receiving, fusion == "sequential", maps))
        self.outputs = nn.ModuleDict(
            {name: convolution(channels, outputs if name == "joints" else 3, graph) for name, graph in graphs.items()}
        )
        self.head = head

    def raw(self, keypoints_2d: Tensor) -> Features:
        """Every graph's raw outputs by name, [B, nodes, outputs]; the head is given those of the "joints"."""
        if keypoints_2d.dim() != 3 or keypoints_2d.shape[1:] != (self.joint_count, 2):
            raise ValueError(f"expected keypoints_2d [B, {self.joint_count}, 2], found {list(keypoints_2d.shape)}")
        features = {"joints": self.input(keypoints_2d)}
        for stage in range(STAGES):
            features = self.fusions[stage](features)
            features = {name: self._block(name, stage, values) for name, values in features.items()}
        features = self.fusions[STAGES](features)
        return {name: layer(features[name]) for name, layer in self.outputs.items()}

    def forward(self, keypoints_2d: Tensor) -> PoseAndMeshes:
        raw = self.raw(keypoints_2d)
        return PoseAndMeshes(self.head(raw["joints"]), raw.get("coarse"), raw.get("fine"))

    def _block(self, graph: str, stage: int, features: Tensor) -> Tensor:
        place = stage - self.begins[graph]
        residual: nn.Module = getattr(self.residuals, graph)[place]
        non_local: nn.Module = getattr(self.non_locals, graph)[place]
        return non_local(residual(features))


def _check_graphs(
    skeleton: Tensor, meshes: Mapping[str, Tensor], fusion: Order, joint_of: Mapping[str, Tensor] | None
) -> None:
    if list(meshes) not in (["coarse"], ["fine"], ["coarse", "fine"]):
        raise ValueError(f"meshes: expected coarse, fine or coarse and fine, found {list(meshes)}")
    for name, graph in (("joints", skeleton), *meshes.items()):
        if graph.dim() != 2 or graph.shape[0] != graph.shape[1]:
            raise ValueError(f"{name}: expected a square adjacency, found {list(graph.shape)}")
    if len(meshes) == 2 and len(meshes["fine"]) != 2 * len(meshes["coarse"]):
        raise ValueError(
            f"fine: expected twice the coarse graph's {len(meshes['coarse'])} nodes, found {len(meshes['fine'])}"
        )
    if fusion == "fixed":
        for name, graph in meshes.items():
            if joint_of is None or name not in joint_of or len(joint_of[name]) != len(graph):
                raise ValueError(f"joint_of: a fixed fusion needs the joint of each of the {len(graph)} {name} nodes")


def build(settings: ModelSettings, parts: Parts) -> nn.Module:
    """ValueError without mesh graphs, or with layers that it does not take."""
    if parts.graphs is None:
        raise ValueError("a hierarchical_graph_network is built over a body's mesh graphs: none were given")
    convolution, non_local = _layers(settings)
    names = ["coarse", "fine"] if settings.meshes == "both" else [settings.meshes]
    meshes = {name: getattr(parts.graphs, name) for name in names}
    joint_of = {name: torch.from_numpy(mesh.joint).long() for name, mesh in meshes.items() if mesh.joint is not None}
    return HierarchicalGraphNetwork(
        adjacency(parts.skeleton),
        {name: torch.from_numpy(mesh.adjacency) for name, mesh in meshes.items()},
        convolution=convolution,
        non_local=non_local,
        head=parts.head,
        outputs=parts.outputs,
        channels=settings.channels,
        dropout=settings.dropout,
        fusion=settings.fusion,
        joint_of=joint_of,
    )


def _layers(settings: ModelSettings) -> tuple[GraphConvolution, Callable[[], nn.Module]]:
    """What makes its convolutions and its non-local layers, of the modules that the settings name."""
    if settings.convolution not in modules.HIERARCHICAL_CONVOLUTIONS or settings.edge_weights != "softmax":
        raise ValueError(
            "a hierarchical_graph_network takes convolution: semantic or vanilla and edge_weights: softmax, not "
            f"{settings.convolution} and {settings.edge_weights}"
        )
    convolution = importlib.import_module(modules.HIERARCHICAL_CONVOLUTIONS[settings.convolution]).build
    if settings.non_local == "none":
        return convolution, nn.Identity
    if settings.non_local not in modules.HIERARCHICAL_NON_LOCAL:
        raise ValueError("nodes of a mesh have no groups to pool: take non_local: ungrouped")
    non_local = importlib.import_module(modules.HIERARCHICAL_NON_LOCAL[settings.non_local])
    return convolution, partial(non_local.build, settings)
