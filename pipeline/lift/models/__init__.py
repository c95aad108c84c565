"""Models that lift 2D joints to 3D joints, and `build_model`, which makes one from a variant's settings.

Networks, layers and heads are imported when they are asked for: a model opens the modules of what it is built of, and
no other (pipeline/params/modules.py says which).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from torch import Tensor, nn

from pipeline.geometry.coarsening import MeshGraphs
from pipeline.geometry.skeleton import HUMAN36M_16, Skeleton
from pipeline.lift.models.parts import Parts
from pipeline.lift.output_types import PoseAndMeshes, PoseMixture, PoseSamples, RefinedPose
from pipeline.params import modules

if TYPE_CHECKING:
    from pipeline.lift.models.fully_connected import FullyConnected as FullyConnected
    from pipeline.lift.models.graph_attention import GraphAttention as GraphAttention
    from pipeline.lift.models.graph_convolution import GraphConv as GraphConv
    from pipeline.lift.models.graph_network import GraphNetwork as GraphNetwork
    from pipeline.lift.models.graph_stacked_hourglass import GraphStackedHourglass as GraphStackedHourglass
    from pipeline.lift.models.hierarchical_graph_convolution import HierarchicalGraphConv as HierarchicalGraphConv
    from pipeline.lift.models.hierarchical_graph_network import HierarchicalGraphNetwork as HierarchicalGraphNetwork
    from pipeline.lift.models.hierarchical_non_local import HierarchicalNonLocal as HierarchicalNonLocal
    from pipeline.lift.models.hierarchical_semantic_convolution import (
        HierarchicalSemGraphConv as HierarchicalSemGraphConv,
    )
    from pipeline.lift.models.linear_least_squares import LinearLeastSquares as LinearLeastSquares
    from pipeline.lift.models.mean_pose import MeanPose as MeanPose
    from pipeline.lift.models.mirror_tested import MirrorTested as MirrorTested
    from pipeline.lift.models.mixture_head import MixtureHead as MixtureHead
    from pipeline.lift.models.non_local import NonLocal as NonLocal
    from pipeline.lift.models.pose_grammar import PoseGrammar as PoseGrammar
    from pipeline.lift.models.semantic_graph_convolution import SemGraphConv as SemGraphConv
    from pipeline.lift.models.variational_autoencoder import VariationalAutoencoder as VariationalAutoencoder
    from pipeline.params import LiftVariant

__all__ = [
    "PoseAndMeshes",
    "PoseMixture",
    "PoseSamples",
    "RefinedPose",
    "build_model",
    "learned_edge_weights",
    "parameter_count",
]


def __getattr__(name: str) -> object:
    return modules.offered(__name__, name)


def build_model(variant: LiftVariant, skeleton: Skeleton = HUMAN36M_16, graphs: MeshGraphs | None = None) -> nn.Module:
    """The model of a variant: keypoints_2d [B, J, 2], screen-normalised, -> one of `lift.outputs`, in metres.

    A hierarchical graph network also needs the `graphs` of a body's mesh; ValueError without them. A model's start
    follows from torch's default generator: the head starts before the network.
    """
    settings = variant.model
    parts = Parts(skeleton, *_head(variant, skeleton), graphs)
    model: nn.Module = importlib.import_module(modules.NETWORKS[settings.name]).build(settings, parts)
    if settings.refinement in modules.REFINEMENTS:
        model = importlib.import_module(modules.REFINEMENTS[settings.refinement]).build(model, skeleton)
    if variant.flip.testing:
        model = importlib.import_module(modules.MIRROR_TESTED).MirrorTested(model, skeleton)
    return model


def _head(variant: LiftVariant, skeleton: Skeleton) -> tuple[nn.Module, int]:
    """The head and the number of raw outputs a joint that it takes; a point head takes the pose as it is."""
    if variant.head.name not in modules.HEADS:
        return nn.Identity(), 3
    head = importlib.import_module(modules.HEADS[variant.head.name]).build(variant.head, skeleton)
    return head, head.outputs


def parameter_count(model: nn.Module) -> int:
    """Trainable parameters, as the papers count them: buffers are left out."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def learned_edge_weights(model: nn.Module) -> dict[str, Tensor]:
    """A graph network's learned edge matrices [J, J] by layer, input side first; empty for any other model."""
    learned = getattr(model, "learned_edge_weights", None)
    return learned() if learned is not None else {}
