"""Networks that lift 2D joints to 3D joints, and `build_model`, which makes one from a variant's settings.

One file per model. pipeline/config/modules.py says which definition a word of the settings chooses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from pipeline.config import modules
from pipeline.geometry.coarsening import MeshGraphs
from pipeline.geometry.skeleton import HUMAN36M_16, Skeleton
from pipeline.lifting.models.baselines import LinearLeastSquares, MeanPose
from pipeline.lifting.models.graph_attention import GraphAttention
from pipeline.lifting.models.graph_stacked_hourglass import GraphStackedHourglass
from pipeline.lifting.models.graphmdn import GraphMDN, MixtureHead
from pipeline.lifting.models.hgn import HGN
from pipeline.lifting.models.layers import Parts
from pipeline.lifting.models.martinez import FullyConnected
from pipeline.lifting.models.pose_grammar import PoseGrammar
from pipeline.lifting.models.semgcn import GraphConv, NonLocal, SemGCN, SemGraphConv
from pipeline.lifting.models.variational_autoencoder import VariationalAutoencoder

if TYPE_CHECKING:
    from pipeline.config import LiftingVariant

__all__ = [
    "HGN",
    "FullyConnected",
    "GraphAttention",
    "GraphConv",
    "GraphMDN",
    "GraphStackedHourglass",
    "LinearLeastSquares",
    "MeanPose",
    "MixtureHead",
    "NonLocal",
    "PoseGrammar",
    "SemGCN",
    "SemGraphConv",
    "VariationalAutoencoder",
    "build_model",
    "learned_edge_weights",
    "parameter_count",
]


def build_model(
    variant: LiftingVariant, skeleton: Skeleton = HUMAN36M_16, graphs: MeshGraphs | None = None
) -> nn.Module:
    """The model of a variant: keypoints_2d [B, J, 2], screen-normalised, -> an output of `lifting.outputs`, in metres.

    HGN also needs the `graphs` of a body's mesh; ValueError without them. The start weights follow from torch's default
    generator: the head is made before the network.
    """
    settings = variant.model
    parts = Parts(skeleton, *_head(variant, skeleton), graphs)
    model: nn.Module = modules.load(modules.network(variant))(settings, parts)
    if freeze := modules.freeze_biases(variant):
        modules.load(freeze)(model)
    if settings.refinement in modules.REFINEMENTS:
        model = modules.load(modules.REFINEMENTS[settings.refinement])(model, skeleton)
    if variant.flip.testing:
        model = modules.load(modules.MIRROR_TESTED)(model, skeleton)
    return model


def _head(variant: LiftingVariant, skeleton: Skeleton) -> tuple[nn.Module, int]:
    """The head and the number of raw outputs per joint that it takes; for a point, the identity."""
    build = modules.head(variant)
    if build is None:
        return nn.Identity(), 3
    head = modules.load(build)(variant.head, skeleton)
    return head, head.outputs


def parameter_count(model: nn.Module) -> int:
    """Trainable parameters, as the papers count them: without buffers."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def learned_edge_weights(model: nn.Module) -> dict[str, Tensor]:
    """A graph network's learned edge matrices [J, J] by layer, input side first; empty for any other model."""
    learned = getattr(model, "learned_edge_weights", None)
    return learned() if learned is not None else {}
