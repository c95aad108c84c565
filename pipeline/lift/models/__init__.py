"""Models that lift 2D joints to 3D joints, and `build_model`, which makes one from a variant's settings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.geometry.coarsening import MeshGraphs
from pipeline.geometry.skeleton import HUMAN36M_16, Skeleton, adjacency
from pipeline.lift.mirror import MirrorTested
from pipeline.lift.models.baselines import LinearLeastSquares, MeanPose
from pipeline.lift.models.fully_connected import FullyConnected
from pipeline.lift.models.graph_attention import GraphAttention
from pipeline.lift.models.graph_convolution import GraphConv, SemGraphConv
from pipeline.lift.models.graph_network import Convolution, GraphNetwork, learned_edge_weights
from pipeline.lift.models.graph_stacked_hourglass import GraphStackedHourglass
from pipeline.lift.models.hierarchical_graph_network import HierarchicalGraphNetwork, PoseAndMeshes
from pipeline.lift.models.hierarchical_layers import (
    HierarchicalGraphConv,
    HierarchicalNonLocal,
    HierarchicalSemGraphConv,
)
from pipeline.lift.models.mixture_head import MixtureHead, PoseMixture
from pipeline.lift.models.non_local import NonLocal
from pipeline.lift.models.pose_grammar import PoseGrammar, RefinedPose
from pipeline.lift.models.variational_autoencoder import PoseSamples, VariationalAutoencoder

if TYPE_CHECKING:
    from pipeline.params import HeadSettings, LiftVariant, ModelSettings

__all__ = [
    "FullyConnected",
    "GraphAttention",
    "GraphConv",
    "GraphNetwork",
    "GraphStackedHourglass",
    "HierarchicalGraphNetwork",
    "LinearLeastSquares",
    "MeanPose",
    "MixtureHead",
    "NonLocal",
    "PoseAndMeshes",
    "PoseGrammar",
    "PoseMixture",
    "PoseSamples",
    "RefinedPose",
    "SemGraphConv",
    "VariationalAutoencoder",
    "build_model",
    "learned_edge_weights",
    "parameter_count",
]

CLOSED_FORMS = {"mean_pose": MeanPose, "linear_least_squares": LinearLeastSquares}


def build_model(variant: LiftVariant, skeleton: Skeleton = HUMAN36M_16, graphs: MeshGraphs | None = None) -> nn.Module:
    """The model of a variant: keypoints_2d [B, J, 2], screen-normalised, -> one of `lift.outputs`, in metres.

    A hierarchical graph network also needs the `graphs` of a body's mesh; ValueError without them. A model's start
    follows from torch's default generator.
    """
    settings = variant.model
    if settings.name in CLOSED_FORMS:
        return CLOSED_FORMS[settings.name](skeleton.joint_count)
    if settings.name == "variational_autoencoder":
        return _variational_autoencoder(settings, skeleton)
    head, outputs = _head(variant.head, skeleton)
    if settings.name == "hierarchical_graph_network":
        model = _hierarchical_graph_network(settings, skeleton, head, outputs, graphs)
    else:
        build = NETWORKS[settings.name]
        model = build(settings, skeleton, head, outputs)
    if settings.refinement == "pose_grammar":
        model = PoseGrammar(model, skeleton)
    return MirrorTested(model, skeleton) if variant.flip.testing else model


def _graph_network(settings: ModelSettings, skeleton: Skeleton, head: nn.Module, outputs: int) -> nn.Module:
    return GraphNetwork(
        convolution=_convolution(settings, adjacency(skeleton)),
        non_local=partial(_non_local, settings, skeleton),
        head=head,
        outputs=outputs,
        joint_count=skeleton.joint_count,
        channels=settings.channels,
        blocks=settings.blocks,
        dropout=settings.dropout,
    )


def _hierarchical_graph_network(
    settings: ModelSettings, skeleton: Skeleton, head: nn.Module, outputs: int, graphs: MeshGraphs | None
) -> nn.Module:
    if graphs is None:
        raise ValueError("a hierarchical_graph_network is built over a body's mesh graphs: none were given")
    layers = {"vanilla": HierarchicalGraphConv, "semantic": HierarchicalSemGraphConv}
    if settings.convolution not in layers or settings.edge_weights != "softmax":
        raise ValueError(
            "a hierarchical_graph_network takes convolution: semantic or vanilla and edge_weights: softmax, not "
            f"{settings.convolution} and {settings.edge_weights}"
        )
    if settings.non_local == "grouped":
        raise ValueError("nodes of a mesh have no groups to pool: take non_local: ungrouped")
    names = ["coarse", "fine"] if settings.meshes == "both" else [settings.meshes]
    meshes = {name: getattr(graphs, name) for name in names}
    joint_of = {name: torch.from_numpy(mesh.joint).long() for name, mesh in meshes.items() if mesh.joint is not None}
    return HierarchicalGraphNetwork(
        adjacency(skeleton),
        {name: torch.from_numpy(mesh.adjacency) for name, mesh in meshes.items()},
        convolution=layers[settings.convolution],
        non_local=nn.Identity if settings.non_local == "none" else partial(HierarchicalNonLocal, settings.channels),
        head=head,
        outputs=outputs,
        channels=settings.channels,
        dropout=settings.dropout,
        fusion=settings.fusion,
        joint_of=joint_of,
    )


def _fully_connected(settings: ModelSettings, skeleton: Skeleton, head: nn.Module, outputs: int) -> nn.Module:
    return FullyConnected(
        skeleton.joint_count,
        outputs,
        head,
        channels=settings.channels,
        blocks=settings.blocks,
        dropout=settings.dropout,
        omit_root=settings.omit_root,
    )


def _graph_stacked_hourglass(settings: ModelSettings, skeleton: Skeleton, head: nn.Module, outputs: int) -> nn.Module:
    def convolution(in_features: int, out_features: int, graph: Tensor) -> nn.Module:
        return _convolution(settings, graph)(in_features, out_features)

    return GraphStackedHourglass(
        convolution,
        skeleton,
        head,
        outputs,
        channels=settings.channels,
        stacks=settings.blocks,
        dropout=settings.dropout,
    )


NETWORKS = {
    "graph_network": _graph_network,
    "graph_stacked_hourglass": _graph_stacked_hourglass,
    "fully_connected": _fully_connected,
}


def _variational_autoencoder(settings: ModelSettings, skeleton: Skeleton) -> nn.Module:
    return VariationalAutoencoder(
        skeleton.joint_count,
        channels=settings.channels,
        blocks=settings.blocks,
        dropout=settings.dropout,
        latent=settings.latent,
        samples=settings.samples,
        divergence_weight=settings.divergence_weight,
    )


def parameter_count(model: nn.Module) -> int:
    """Trainable parameters, as the papers count them: buffers are left out."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _convolution(settings: ModelSettings, graph: Tensor) -> Convolution:
    softmax = settings.edge_weights == "softmax"
    layers: dict[str, Convolution] = {
        "vanilla": partial(GraphConv, adjacency=graph),
        "attention": partial(GraphAttention, adjacency=graph),
        "semantic": partial(SemGraphConv, adjacency=graph, softmax=softmax),
        "semantic_channelwise": partial(SemGraphConv, adjacency=graph, softmax=softmax, channelwise=True),
    }
    return layers[settings.convolution]


def _non_local(settings: ModelSettings, skeleton: Skeleton) -> nn.Module:
    if settings.non_local == "none":
        return nn.Identity()
    if settings.non_local == "ungrouped":
        return NonLocal(settings.channels, group_size=1)
    if not skeleton.groups:
        raise ValueError(f"{skeleton.name} has no groups of joints to pool: take non_local: ungrouped")
    order = [joint for group in skeleton.groups for joint in group]
    return NonLocal(settings.channels, group_size=len(skeleton.groups[0]), order=order)


def _head(settings: HeadSettings, skeleton: Skeleton) -> tuple[nn.Module, int]:
    """The head and the number of raw outputs a joint that it takes; a point head takes the pose as it is."""
    if settings.name == "point":
        return nn.Identity(), 3
    head = MixtureHead(
        skeleton.joint_count,
        settings.kernels,
        level=settings.level,
        sigma_per_joint=settings.sigma == "per_joint",
        per_axis=settings.axes == "per_axis",
        dense=settings.pooling == "dense",
        minimum_sigma=settings.minimum_sigma,
    )
    return head, head.outputs
