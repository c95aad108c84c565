"""Models that lift 2D joints to 3D joints, and `build_model`, which makes one from a variant's settings.

Networks, layers and heads are imported when they are asked for: a model opens the modules of what it is built of, and
no other (pipeline/config/modules.py says which).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from torch import Tensor, nn

from pipeline.config import modules
from pipeline.geometry.coarsening import MeshGraphs
from pipeline.geometry.skeleton import HUMAN36M_16, Skeleton
from pipeline.lifting.models.parts import Parts
from pipeline.lifting.output_types import PoseAndMeshes, PoseMixture, PoseSamples, RefinedPose

if TYPE_CHECKING:
    from pipeline.config import LiftingVariant
    from pipeline.lifting.models.fully_connected import FullyConnected as FullyConnected
    from pipeline.lifting.models.graph_attention import GraphAttention as GraphAttention
    from pipeline.lifting.models.graph_convolution import GraphConv as GraphConv
    from pipeline.lifting.models.graph_network import GraphNetwork as GraphNetwork
    from pipeline.lifting.models.graph_stacked_hourglass import GraphStackedHourglass as GraphStackedHourglass
    from pipeline.lifting.models.hierarchical_graph_convolution import HierarchicalGraphConv as HierarchicalGraphConv
    from pipeline.lifting.models.hierarchical_graph_network import (
        HierarchicalGraphNetwork as HierarchicalGraphNetwork,
    )
    from pipeline.lifting.models.hierarchical_non_local import HierarchicalNonLocal as HierarchicalNonLocal
    from pipeline.lifting.models.hierarchical_semantic_convolution import (
        HierarchicalSemGraphConv as HierarchicalSemGraphConv,
    )
    from pipeline.lifting.models.linear_least_squares import LinearLeastSquares as LinearLeastSquares
    from pipeline.lifting.models.mean_pose import MeanPose as MeanPose
    from pipeline.lifting.models.mirror_tested import MirrorTested as MirrorTested
    from pipeline.lifting.models.mixture_head import MixtureHead as MixtureHead
    from pipeline.lifting.models.non_local import NonLocal as NonLocal
    from pipeline.lifting.models.pose_grammar import PoseGrammar as PoseGrammar
    from pipeline.lifting.models.semantic_graph_convolution import SemGraphConv as SemGraphConv
    from pipeline.lifting.models.variational_autoencoder import VariationalAutoencoder as VariationalAutoencoder

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


def build_model(
    variant: LiftingVariant, skeleton: Skeleton = HUMAN36M_16, graphs: MeshGraphs | None = None
) -> nn.Module:
    """The model of a variant: keypoints_2d [B, J, 2], screen-normalised, -> one of `lifting.outputs`, in metres.

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


def _head(variant: LiftingVariant, skeleton: Skeleton) -> tuple[nn.Module, int]:
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
