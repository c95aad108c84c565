"""Which modules a variant's settings choose: the networks, layers, heads and losses that nobody imports by name.

The code that builds a model or computes a loss looks its module up here, by the variant's words, and imports it then
(importlib.import_module). So a variant runs the modules that are imported statically from its task, and those that
`modules_of` names with what they import; an edit to any other module cannot change its numbers.
"""

from __future__ import annotations

import importlib
from typing import Any

from pipeline.config.detection import DetectionVariant
from pipeline.config.lifting import LiftingVariant

# Networks that lift, by `model.name`. Each has build(settings, parts).
NETWORKS = {
    "graph_network": "pipeline.lifting.models.graph_network",
    "hierarchical_graph_network": "pipeline.lifting.models.hierarchical_graph_network",
    "graph_stacked_hourglass": "pipeline.lifting.models.graph_stacked_hourglass",
    "fully_connected": "pipeline.lifting.models.fully_connected",
    "variational_autoencoder": "pipeline.lifting.models.variational_autoencoder",
    "mean_pose": "pipeline.lifting.models.mean_pose",
    "linear_least_squares": "pipeline.lifting.models.linear_least_squares",
}

# The layers of a graph network, by `model.convolution` and `model.non_local`. No entry: no layer.
CONVOLUTIONS = {
    "vanilla": "pipeline.lifting.models.graph_convolution",
    "semantic": "pipeline.lifting.models.semantic_graph_convolution",
    "semantic_channelwise": "pipeline.lifting.models.semantic_graph_convolution",
    "attention": "pipeline.lifting.models.graph_attention",
}
NON_LOCAL = {
    "grouped": "pipeline.lifting.models.non_local",
    "ungrouped": "pipeline.lifting.models.non_local",
}

# Those of a hierarchical graph network, which takes no other words.
HIERARCHICAL_CONVOLUTIONS = {
    "vanilla": "pipeline.lifting.models.hierarchical_graph_convolution",
    "semantic": "pipeline.lifting.models.hierarchical_semantic_convolution",
}
HIERARCHICAL_NON_LOCAL = {"ungrouped": "pipeline.lifting.models.hierarchical_non_local"}

# By the network, the layers that it is built of: (of `model.convolution`, of `model.non_local`).
LAYERS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "graph_network": (CONVOLUTIONS, NON_LOCAL),
    "graph_stacked_hourglass": (CONVOLUTIONS, {}),
    "hierarchical_graph_network": (HIERARCHICAL_CONVOLUTIONS, HIERARCHICAL_NON_LOCAL),
}

HEADS = {"mixture": "pipeline.lifting.models.mixture_head"}  # by `head.name`; a point needs none
REFINEMENTS = {"pose_grammar": "pipeline.lifting.models.pose_grammar"}  # by `model.refinement`
MIRROR_TESTED = "pipeline.lifting.models.mirror_tested"  # with `flip.testing`

# What is minimised of a pose, by `loss`, and of a mixture over poses. Each has pose_terms(variant, pose, ...).
POSE_LOSSES = {
    "joints": "pipeline.lifting.losses.joints",
    "joints_and_meshes": "pipeline.lifting.losses.meshes",
    "joints_and_meshes_authors": "pipeline.lifting.losses.meshes_authors",
    "mixture": "pipeline.lifting.losses.likelihood",
}

# Of detection variants, by `architecture`; with a mixture also how decoding reads it, and its term of the loss.
BACKBONES = {
    "large_hourglass": "pipeline.detection.models.hourglass:build",
    "small_hourglass": "pipeline.detection.models.hourglass:build",
    "extra_small_hourglass": "pipeline.detection.models.hourglass:build",
    "dla_34": "pipeline.detection.models.dla:build",
}
WEIGHTS_AND_SIGMAS = "pipeline.detection.models.centernet:weights_and_sigmas"
MIXTURE_TERM = "pipeline.detection.losses:mixture_term"

# What a package offers by name beside what it imports itself: package -> name -> the module that has it.
OFFERS = {
    "pipeline.lifting.models": {
        "FullyConnected": "pipeline.lifting.models.fully_connected",
        "GraphAttention": "pipeline.lifting.models.graph_attention",
        "GraphConv": "pipeline.lifting.models.graph_convolution",
        "GraphNetwork": "pipeline.lifting.models.graph_network",
        "GraphStackedHourglass": "pipeline.lifting.models.graph_stacked_hourglass",
        "HierarchicalGraphConv": "pipeline.lifting.models.hierarchical_graph_convolution",
        "HierarchicalGraphNetwork": "pipeline.lifting.models.hierarchical_graph_network",
        "HierarchicalNonLocal": "pipeline.lifting.models.hierarchical_non_local",
        "HierarchicalSemGraphConv": "pipeline.lifting.models.hierarchical_semantic_convolution",
        "LinearLeastSquares": "pipeline.lifting.models.linear_least_squares",
        "MeanPose": "pipeline.lifting.models.mean_pose",
        "MirrorTested": "pipeline.lifting.models.mirror_tested",
        "MixtureHead": "pipeline.lifting.models.mixture_head",
        "NonLocal": "pipeline.lifting.models.non_local",
        "PoseGrammar": "pipeline.lifting.models.pose_grammar",
        "SemGraphConv": "pipeline.lifting.models.semantic_graph_convolution",
        "VariationalAutoencoder": "pipeline.lifting.models.variational_autoencoder",
    },
    "pipeline.lifting.losses": {
        "mean_squared_error": "pipeline.lifting.losses.joints",
        "mesh_distances": "pipeline.lifting.losses.meshes",
        "mesh_mean_squared_errors": "pipeline.lifting.losses.meshes_authors",
        "node_nll": "pipeline.lifting.losses.likelihood",
        "pose_nll": "pipeline.lifting.losses.likelihood",
        "squared_distances": "pipeline.lifting.losses.meshes",
    },
    "pipeline.detection.models": {
        "DLA34": "pipeline.detection.models.dla",
        "Hourglass": "pipeline.detection.models.hourglass",
        "deform_conv2d": "pipeline.detection.models.deformable",
    },
}


def modules_of(variant: LiftingVariant | DetectionVariant) -> tuple[str, ...]:
    """The modules that a variant's settings choose, by dotted name, each once and in a fixed order.

    What they import in turn is not listed. Settings that no network takes choose nothing; building the model says so.
    """
    found = _of_detection(variant) if isinstance(variant, DetectionVariant) else _of_lifting(variant)
    return tuple(dict.fromkeys(name for name in found if name))


def mesh_loss(variant: LiftingVariant) -> str | None:
    """The module of the loss on meshes, which has mesh_terms(variant, output, meshes); None without one."""
    if variant.loss == "joints_and_meshes_authors":  # it has weights of its own
        return POSE_LOSSES["joints_and_meshes_authors"]
    return POSE_LOSSES["joints_and_meshes"] if variant.mesh_weight else None


def _of_lifting(variant: LiftingVariant) -> list[str | None]:
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


def _of_detection(variant: DetectionVariant) -> list[str | None]:
    mixture = variant.head.components > 0
    return [
        BACKBONES[variant.architecture],
        WEIGHTS_AND_SIGMAS if mixture else None,
        MIXTURE_TERM if mixture else None,
    ]


def load(name: str) -> Any:
    """A definition that a table above names as `module:definition`; its module is imported when it is asked for."""
    module, _, definition = name.partition(":")
    return getattr(importlib.import_module(module), definition)


def offered(package: str, name: str) -> object:
    """What a package's `__getattr__` gives for a name: its module is imported when it is first asked for."""
    if name not in OFFERS[package]:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(importlib.import_module(OFFERS[package][name]), name)
