"""Which definitions the settings choose: networks, layers, heads, losses and papers, each as `module:name`.

The code that builds a model or computes a loss loads what the settings choose from here. The digest of a variant's code
begins at its stage and at `chosen_by` its settings, so an edit to any other network, layer or loss cannot change its
numbers and does not run it again.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from pipeline.config import detection, lifting
from pipeline.config.detection import DetectionVariant
from pipeline.config.lifting import NETWORKS, LiftingVariant
from pipeline.config.pixels import IMAGES
from pipeline.config.presets import STUDIES as STUDY_KEYS

# What the report shows of each paper: tables and claims; and the figures of a paper whose folder has figures.py.
KEYS = (*lifting.PAPERS, *detection.PAPERS)
FOLDER = Path(__file__).parents[1] / "report" / "papers"
PAPERS = tuple(f"pipeline.report.papers.{key}:PAPER" for key in KEYS)
FIGURES = {
    key: f"pipeline.report.papers.{key}.figures:FIGURES" for key in KEYS if (FOLDER / key / "figures.py").is_file()
}

# What the report of a study's preset shows instead.
OF_STUDIES = FOLDER.parent / "studies"
STUDIES = {key: f"pipeline.report.studies.{key}:STUDY" for key in STUDY_KEYS}
STUDY_FIGURES = {
    key: f"pipeline.report.studies.{key}.figures:FIGURES"
    for key in STUDY_KEYS
    if (OF_STUDIES / key / "figures.py").is_file()
}

GRAPHMDN = "pipeline.lifting.models.graphmdn:build"  # a graph network with a mixture head

# The layers of a graph network, by `model.convolution` and `model.non_local`. A word without an entry means no layer.
CONVOLUTIONS = {
    "vanilla": "pipeline.lifting.models.semgcn:vanilla_convolution",
    "semantic": "pipeline.lifting.models.semgcn:semantic_convolution",
    "semantic_channelwise": "pipeline.lifting.models.semgcn:semantic_convolution",
    "attention": "pipeline.lifting.models.graph_attention:attention_convolution",
}
NON_LOCAL = {
    "grouped": "pipeline.lifting.models.semgcn:non_local_layer",
    "ungrouped": "pipeline.lifting.models.semgcn:non_local_layer",
}

# The layers of a hierarchical graph network, which takes no other words.
HIERARCHICAL_CONVOLUTIONS = {
    "vanilla": "pipeline.lifting.models.hgn:HierarchicalGraphConv",
    "semantic": "pipeline.lifting.models.hgn:HierarchicalSemGraphConv",
}
HIERARCHICAL_NON_LOCAL = {"ungrouped": "pipeline.lifting.models.hgn:HierarchicalNonLocal"}

# For each network with a choice of layers: those of `model.convolution` and of `model.non_local`.
LAYERS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "graph_network": (CONVOLUTIONS, NON_LOCAL),
    "graph_stacked_hourglass": (CONVOLUTIONS, {}),
    "hierarchical_graph_network": (HIERARCHICAL_CONVOLUTIONS, HIERARCHICAL_NON_LOCAL),
}

# The head of a mixture, by `head.start`, and what sets its means before training; a point has neither.
HEADS = {
    "random": "pipeline.lifting.models.graphmdn:build_head",
    "clusters": "pipeline.lifting.mixture_start:build_head",
}
STARTS = {"clusters": "pipeline.lifting.mixture_start:start_at_clusters"}
REFINEMENTS = {"pose_grammar": "pipeline.lifting.models.pose_grammar:build"}  # by `model.refinement`
FREEZE_BIASES = "pipeline.lifting.models.frozen_biases:freeze"  # with `model.bias_before_norm: frozen`
MIRROR_TESTED = "pipeline.lifting.mirror:MirrorTested"  # with `flip.testing`

# The loss of a pose, by `loss`, and of a mixture over poses; then the loss of meshes.
POSE_LOSSES = {
    "joints": "pipeline.lifting.losses:joint_terms",
    "joints_and_meshes": "pipeline.lifting.losses:distance_terms",
    "joints_and_meshes_authors": "pipeline.lifting.losses:scaled_joint_terms",
    "mixture": "pipeline.lifting.losses:likelihood_terms",
}
# What a mixture minimises in training, by `likelihood.kind`; without one, its likelihood as it is.
LIKELIHOODS = {
    "annealed": "pipeline.lifting.remedies:annealed_terms",
    "evolving_winners": "pipeline.lifting.remedies:winners_terms",
    "dirichlet_prior": "pipeline.lifting.remedies:prior_terms",
}
MESH_LOSS = "pipeline.lifting.losses:weighted_mesh_terms"
MESH_LOSS_AUTHORS = "pipeline.lifting.losses:mesh_error_terms"

# Of detection variants, by `architecture`; with a mixture also how decoding reads it, and its term of the loss.
BACKBONES = {
    "large_hourglass": "pipeline.detection.models.hourglass:build",
    "small_hourglass": "pipeline.detection.models.hourglass:build",
    "extra_small_hourglass": "pipeline.detection.models.hourglass:build",
    "dla_34": "pipeline.detection.models.dla:build",
}
WEIGHTS_AND_SIGMAS = "pipeline.detection.models.centernet:weights_and_sigmas"
MIXTURE_TERM = "pipeline.detection.losses:mixture_term"
MIXTURE_TERMS_IN_TRAINING = {  # by `head.likelihood.kind`
    "annealed": "pipeline.detection.remedies:annealed_term",
    "evolving_winners": "pipeline.detection.remedies:winners_term",
    "dirichlet_prior": "pipeline.detection.remedies:prior_term",
}


def load(choice: str) -> Any:
    """The definition that `module:name` names."""
    module, _, name = choice.partition(":")
    return getattr(importlib.import_module(module), name)


def papers(study: str | None) -> tuple[str, ...]:
    """The definitions of what a report shows: every paper, or the one study."""
    return PAPERS if study is None else (STUDIES[study],)


def figures(study: str | None) -> dict[str, str]:
    """The definitions of their figures, by the paper's or the study's key."""
    return FIGURES if study is None else {key: name for key, name in STUDY_FIGURES.items() if key == study}


def chosen_by(variant: LiftingVariant | DetectionVariant) -> tuple[str, ...]:
    """The definitions that a variant's settings choose, each once and in a fixed order.

    What they use in turn is not listed. Settings that no network takes choose nothing; building the model says so.
    """
    if isinstance(variant, LiftingVariant) and variant.input == IMAGES:
        return ()  # the one network on images
    found = _of_detection(variant) if isinstance(variant, DetectionVariant) else _of_lifting(variant)
    return tuple(dict.fromkeys(name for name in found if name))


def network(variant: LiftingVariant) -> str:
    """The definition that builds the variant's network."""
    mixture = variant.model.name == "graph_network" and variant.head.name == "mixture"
    return GRAPHMDN if mixture else NETWORKS[variant.model.name].build


def head(variant: LiftingVariant) -> str | None:
    """The definition that builds the head of a mixture; None for a point."""
    return HEADS[variant.head.start] if variant.head.name == "mixture" else None


def start(variant: LiftingVariant) -> str | None:
    """The definition that sets the means of a mixture before training; None where they stay random."""
    return STARTS.get(variant.head.start) if variant.head.name == "mixture" else None


def freeze_biases(variant: LiftingVariant) -> str | None:
    """The definition that freezes biases in front of batch norm; None where they are trained, or nobody asks."""
    return FREEZE_BIASES if variant.model.name in LAYERS and variant.model.bias_before_norm == "frozen" else None


def mesh_loss(variant: LiftingVariant) -> str | None:
    """The definition with the loss on meshes; None without one."""
    if variant.loss == "joints_and_meshes_authors":  # it has weights of its own
        return MESH_LOSS_AUTHORS
    return MESH_LOSS if variant.mesh_weight else None


def _of_lifting(variant: LiftingVariant) -> list[str | None]:
    model, mixture = variant.model, variant.head.name == "mixture"
    convolutions, non_local = LAYERS.get(model.name, ({}, {}))
    return [
        network(variant),
        convolutions.get(model.convolution),
        non_local.get(model.non_local),
        head(variant),
        start(variant),
        freeze_biases(variant),
        REFINEMENTS.get(model.refinement),
        MIRROR_TESTED if variant.flip.testing else None,
        POSE_LOSSES["mixture" if mixture else variant.loss],
        LIKELIHOODS[variant.likelihood.kind] if mixture and variant.likelihood else None,
        mesh_loss(variant),
    ]


def _of_detection(variant: DetectionVariant) -> list[str | None]:
    mixture = variant.head.components > 0
    return [
        BACKBONES[variant.architecture],
        WEIGHTS_AND_SIGMAS if mixture else None,
        MIXTURE_TERM if mixture else None,
        MIXTURE_TERMS_IN_TRAINING[variant.head.likelihood.kind] if mixture and variant.head.likelihood else None,
    ]
