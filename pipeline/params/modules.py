"""Which modules a variant's settings choose: the networks, layers, heads and losses that nobody imports by name.

The code that builds a model or computes a loss looks its module up here, by the variant's words, and imports it then
(importlib.import_module). So a variant runs the modules that are imported statically from its task, and those that
`modules_of` names with what they import; an edit to any other module cannot change its numbers.
"""

from __future__ import annotations

import importlib

from pipeline.params.dense import DenseVariant
from pipeline.params.variants import LiftVariant

# Networks that lift, by `model.name`. Each has build(settings, parts).
NETWORKS = {
    "graph_network": "pipeline.lift.models.graph_network",
    "hierarchical_graph_network": "pipeline.lift.models.hierarchical_graph_network",
    "graph_stacked_hourglass": "pipeline.lift.models.graph_stacked_hourglass",
    "fully_connected": "pipeline.lift.models.fully_connected",
    "variational_autoencoder": "pipeline.lift.models.variational_autoencoder",
    "mean_pose": "pipeline.lift.models.mean_pose",
    "linear_least_squares": "pipeline.lift.models.linear_least_squares",
}

# The layers of a graph network, by `model.convolution` and `model.non_local`. No entry: no layer.
CONVOLUTIONS = {
    "vanilla": "pipeline.lift.models.graph_convolution",
    "semantic": "pipeline.lift.models.semantic_graph_convolution",
    "semantic_channelwise": "pipeline.lift.models.semantic_graph_convolution",
    "attention": "pipeline.lift.models.graph_attention",
}
NON_LOCAL = {
    "grouped": "pipeline.lift.models.non_local",
    "ungrouped": "pipeline.lift.models.non_local",
}

# Those of a hierarchical graph network, which takes no other words.
HIERARCHICAL_CONVOLUTIONS = {
    "vanilla": "pipeline.lift.models.hierarchical_graph_convolution",
    "semantic": "pipeline.lift.models.hierarchical_semantic_convolution",
}
HIERARCHICAL_NON_LOCAL = {"ungrouped": "pipeline.lift.models.hierarchical_non_local"}

# By the network, the layers that it is built of: (of `model.convolution`, of `model.non_local`).
LAYERS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "graph_network": (CONVOLUTIONS, NON_LOCAL),
    "graph_stacked_hourglass": (CONVOLUTIONS, {}),
    "hierarchical_graph_network": (HIERARCHICAL_CONVOLUTIONS, HIERARCHICAL_NON_LOCAL),
}

HEADS = {"mixture": "pipeline.lift.models.mixture_head"}  # by `head.name`; a point needs none
REFINEMENTS = {"pose_grammar": "pipeline.lift.models.pose_grammar"}  # by `model.refinement`
MIRROR_TESTED = "pipeline.lift.models.mirror_tested"  # with `flip.testing`

# What is minimised of a pose, by `loss`, and of a mixture over poses. Each has pose_terms(variant, pose, ...).
POSE_LOSSES = {
    "joints": "pipeline.lift.losses.joints",
    "joints_and_bones": "pipeline.lift.losses.bones",
    "joints_and_meshes": "pipeline.lift.losses.meshes",
    "joints_and_meshes_authors": "pipeline.lift.losses.meshes_authors",
    "mixture": "pipeline.lift.losses.likelihood",
}

# Of dense variants, by `architecture`; and with a mixture how it is read from the heads, and its loss.
BACKBONES = {
    "large_hourglass": "pipeline.dense.models.hourglass",
    "small_hourglass": "pipeline.dense.models.hourglass",
    "extra_small_hourglass": "pipeline.dense.models.hourglass",
    "dla_34": "pipeline.dense.models.dla",
}
HEAD_MIXTURE = "pipeline.dense.head_mixture"
MIXTURE_LOSS = "pipeline.dense.losses.mixture"

# What a package offers by name beside what it imports itself: package -> name -> the module that has it.
OFFERS = {
    "pipeline.lift.models": {
        "FullyConnected": "pipeline.lift.models.fully_connected",
        "GraphAttention": "pipeline.lift.models.graph_attention",
        "GraphConv": "pipeline.lift.models.graph_convolution",
        "GraphNetwork": "pipeline.lift.models.graph_network",
        "GraphStackedHourglass": "pipeline.lift.models.graph_stacked_hourglass",
        "HierarchicalGraphConv": "pipeline.lift.models.hierarchical_graph_convolution",
        "HierarchicalGraphNetwork": "pipeline.lift.models.hierarchical_graph_network",
        "HierarchicalNonLocal": "pipeline.lift.models.hierarchical_non_local",
        "HierarchicalSemGraphConv": "pipeline.lift.models.hierarchical_semantic_convolution",
        "LinearLeastSquares": "pipeline.lift.models.linear_least_squares",
        "MeanPose": "pipeline.lift.models.mean_pose",
        "MirrorTested": "pipeline.lift.models.mirror_tested",
        "MixtureHead": "pipeline.lift.models.mixture_head",
        "NonLocal": "pipeline.lift.models.non_local",
        "PoseGrammar": "pipeline.lift.models.pose_grammar",
        "SemGraphConv": "pipeline.lift.models.semantic_graph_convolution",
        "VariationalAutoencoder": "pipeline.lift.models.variational_autoencoder",
    },
    "pipeline.lift.losses": {
        "joints_and_bones": "pipeline.lift.losses.bones",
        "mean_squared_error": "pipeline.lift.losses.joints",
        "mesh_distances": "pipeline.lift.losses.meshes",
        "mesh_mean_squared_errors": "pipeline.lift.losses.meshes_authors",
        "node_nll": "pipeline.lift.losses.likelihood",
        "pose_nll": "pipeline.lift.losses.likelihood",
        "squared_distances": "pipeline.lift.losses.meshes",
    },
    "pipeline.dense.models": {
        "DLA34": "pipeline.dense.models.dla",
        "Hourglass": "pipeline.dense.models.hourglass",
        "deform_conv2d": "pipeline.dense.models.deformable",
        "log_weights": "pipeline.dense.head_mixture",
    },
    "pipeline.dense.losses": {
        "mixture_loss": "pipeline.dense.losses.mixture",
    },
}


def modules_of(variant: LiftVariant | DenseVariant) -> tuple[str, ...]:
    """The modules that a variant's settings choose, by dotted name, each once and in a fixed order.

    What they import in turn is not listed. Settings that no network takes choose nothing; building the model says so.
    """
    found = _of_dense(variant) if isinstance(variant, DenseVariant) else _of_lift(variant)
    return tuple(dict.fromkeys(name for name in found if name))


def mesh_loss(variant: LiftVariant) -> str | None:
    """The module of the loss on meshes, which has mesh_terms(variant, output, meshes); None without one."""
    if variant.loss == "joints_and_meshes_authors":  # it has weights of its own
        return POSE_LOSSES["joints_and_meshes_authors"]
    return POSE_LOSSES["joints_and_meshes"] if variant.mesh_weight else None


def _of_lift(variant: LiftVariant) -> list[str | None]:
    model = variant.model
    convolutions, non_local = LAYERS.get(model.name, ({}, {}))
    return [
        NETWORKS[model.name],
        convolutions.get(model.convolution),
        non_local.get(model.non_local),
        HEADS.get(variant.head.name),
        REFINEMENTS.get(model.refinement),
        MIRROR_TESTED if variant.flip.testing else None,
        POSE_LOSSES["mixture" if variant.head.name == "mixture" else variant.loss],
        mesh_loss(variant),
    ]


def _of_dense(variant: DenseVariant) -> list[str | None]:
    mixture = variant.head.components > 0
    return [
        BACKBONES[variant.architecture],
        HEAD_MIXTURE if mixture else None,
        MIXTURE_LOSS if mixture else None,
    ]


def offered(package: str, name: str) -> object:
    """What a package's `__getattr__` gives for a name: its module is imported when it is first asked for."""
    if name not in OFFERS[package]:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(importlib.import_module(OFFERS[package][name]), name)
