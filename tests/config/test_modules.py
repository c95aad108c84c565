"""config.modules: settings choose definitions, and a variant runs nothing that its digest leaves out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from called_definitions import run_of_all
from repository import ROOT, run_tool

from pipeline import config
from pipeline.config import modules
from pipeline.config.code import SAYS_WHAT_IS_RUN, Code
from pipeline.config.modules import chosen_by

RUN = run_of_all(ROOT)
VARIANTS = {"lifting": RUN.lifting_variants, "detection": RUN.detection_variants}
CODE = Code()
MODELS = "pipeline/lifting/models"
GRAPHMDNS = ("graphmdn", "small_annealed", "small_clusters")


def settings_of(kind: str, name: str) -> config.LiftingVariant | config.DetectionVariant:
    return RUN.variant(name) if kind == "lifting" else RUN.detection_variant(name)


def reached(kind: str, variant: config.LiftingVariant | config.DetectionVariant, *work: str) -> set[tuple[str, str]]:
    return CODE.reached([*(f"pipeline.stages.{some}_{kind}:run" for some in work), *chosen_by(variant)])


def lifting(**settings: Any) -> config.LiftingVariant:
    return config.LiftingVariant.model_validate({"paper": "sanity", "title": "x", **settings})


def short(names: tuple[str, ...]) -> list[str]:
    return [name.removeprefix("pipeline.lifting.") for name in names]


def choices() -> Iterator[str]:
    """Every definition that some settings choose."""
    yield from (network.build for network in modules.NETWORKS.values())
    tables = (
        modules.HEADS,
        modules.STARTS,
        modules.LIKELIHOODS,
        modules.REFINEMENTS,
        modules.POSE_LOSSES,
        modules.BACKBONES,
    )
    yield from (name for table in tables for name in table.values())
    yield from (name for pair in modules.LAYERS.values() for table in pair for name in table.values())
    yield from (
        modules.GRAPHMDN,
        modules.FREEZE_BIASES,
        modules.MIRROR_TESTED,
        modules.MESH_LOSS,
        modules.MESH_LOSS_AUTHORS,
    )
    yield from (modules.WEIGHTS_AND_SIGMAS, modules.MIXTURE_TERM, *modules.MIXTURE_TERMS_IN_TRAINING.values())


def test_every_paper_exists() -> None:
    for choice in modules.PAPERS:
        assert CODE.digests([choice])
        assert f"pipeline.report.papers.{modules.load(choice).key}:PAPER" == choice


# --- what is run ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def called() -> dict[str, dict[str, list[list[str]]]]:
    answer = run_tool("python", "tests/called_definitions.py", PYTHONPATH=str(ROOT))
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.mark.parametrize("kind", VARIANTS)
def test_a_variant_calls_nothing_that_its_digest_leaves_out(
    kind: str, called: dict[str, dict[str, list[list[str]]]]
) -> None:
    choices_of = {chosen_by(settings_of(kind, name)) for name in VARIANTS[kind]}
    assert {chosen_by(settings_of(kind, name)) for name in called[kind]} == choices_of
    for name, definitions in called[kind].items():
        counted = reached(kind, settings_of(kind, name), "train", "evaluate")
        left_out = [pair for pair in map(tuple, definitions) if pair not in counted]
        assert [pair for pair in left_out if not SAYS_WHAT_IS_RUN.fullmatch(pair[0])] == [], name
        assert len(definitions) > 10


@pytest.mark.parametrize(
    ("file", "definition", "users"),
    [
        (f"{MODELS}/semgcn.py", "SemGraphConv", {"semgcn", "graph_sh", "hgn", *GRAPHMDNS}),
        (f"{MODELS}/semgcn.py", "GraphConv", {"resgcn", "hgn_vanilla"}),
        (f"{MODELS}/semgcn.py", "NonLocal", {"semgcn", "hgn", "hgn_vanilla", *GRAPHMDNS}),
        (f"{MODELS}/semgcn.py", "ResidualBlock", {"semgcn", "resgcn", "hgn", "hgn_vanilla", *GRAPHMDNS}),
        (f"{MODELS}/graphmdn.py", "GraphMDN", {*GRAPHMDNS}),
        (f"{MODELS}/graphmdn.py", "MixtureHead", {"mixture_without_graph_sh", *GRAPHMDNS}),
        (f"{MODELS}/hgn.py", "Fusion", {"hgn", "hgn_vanilla"}),
        (f"{MODELS}/hgn.py", "HierarchicalSemGraphConv", {"hgn"}),
        (f"{MODELS}/baselines.py", "MeanPose", {"mean_pose"}),
        ("pipeline/lifting/losses.py", "pose_nll", {"mixture_without_graph_sh", *GRAPHMDNS}),
        ("pipeline/lifting/losses.py", "mesh_distances", {"hgn", "hgn_vanilla"}),
        ("pipeline/lifting/remedies.py", "annealed_terms", {"small_annealed"}),
        ("pipeline/lifting/remedies.py", "winners_terms", set()),
        ("pipeline/training/mixture_remedies.py", "annealed_nll", {"small_annealed"}),
        ("pipeline/lifting/mixture_start.py", "BiasedMixtureHead", {"small_clusters"}),
        ("pipeline/training/clusters.py", "clusters", {"small_clusters"}),
    ],
)
def test_a_layer_or_loss_counts_for_the_variants_that_use_it(file: str, definition: str, users: set[str]) -> None:
    others = ("mean_pose", "resgcn", "semgcn", "graph_sh", "hgn", "hgn_vanilla", "mixture_without_graph_sh")
    names = (*others, *GRAPHMDNS)
    assert {name for name in names if (file, definition) in reached("lifting", RUN.variant(name), "train")} == users


@pytest.mark.parametrize("name", [modules.WEIGHTS_AND_SIGMAS, modules.MIXTURE_TERM])
def test_the_code_of_a_detection_mixture_counts_for_mixtures_only(name: str) -> None:
    """It is in files that every detection variant uses."""
    module, _, definition = name.partition(":")
    pair = (f"{module.replace('.', '/')}.py", definition)
    with_it = {
        name for name in VARIANTS["detection"] if pair in reached("detection", settings_of("detection", name), "train")
    }
    assert with_it == {name for name in VARIANTS["detection"] if RUN.detection_variant(name).head.components}


def test_every_choice_exists() -> None:
    for choice in choices():
        assert CODE.digests([choice])
        assert callable(modules.load(choice))


# --- what settings choose ---------------------------------------------------------------------------------------------


def test_a_graph_networks_layers_are_chosen_by_its_settings() -> None:
    assert short(chosen_by(lifting())) == [
        "models.semgcn:build",
        "models.semgcn:semantic_convolution",
        "models.semgcn:non_local_layer",
        "losses:joint_terms",
    ]
    model = {"convolution": "vanilla", "non_local": "none", "refinement": "pose_grammar"}
    assert short(chosen_by(lifting(model=model, flip={"testing": True}))) == [
        "models.semgcn:build",
        "models.semgcn:vanilla_convolution",
        "models.pose_grammar:build",
        "mirror:MirrorTested",
        "losses:joint_terms",
    ]


def test_a_graph_network_with_a_mixture_head_is_graphmdn() -> None:
    assert short(chosen_by(lifting(head={"name": "mixture"}))) == [
        "models.graphmdn:build",
        "models.semgcn:semantic_convolution",
        "models.semgcn:non_local_layer",
        "models.graphmdn:build_head",
        "losses:likelihood_terms",
    ]


def test_a_mixtures_remedies_are_chosen_by_its_settings() -> None:
    plain = short(chosen_by(lifting(head={"name": "mixture"})))
    for kind, terms in (("annealed", "annealed"), ("evolving_winners", "winners"), ("dirichlet_prior", "prior")):
        found = short(chosen_by(lifting(head={"name": "mixture"}, likelihood={"kind": kind})))
        assert found == [*plain, f"remedies:{terms}_terms"]
    found = short(chosen_by(lifting(head={"name": "mixture", "start": "clusters"})))
    assert [name for name in found if name not in plain] == [
        "mixture_start:build_head",
        "mixture_start:start_at_clusters",
    ]


def test_other_networks_have_no_layers_to_choose() -> None:
    mixture = {"name": "mixture"}
    assert short(chosen_by(lifting(model={"name": "fully_connected"}, head=mixture))) == [
        "models.martinez:build",
        "models.graphmdn:build_head",
        "losses:likelihood_terms",
    ]
    assert short(chosen_by(lifting(model={"name": "graph_stacked_hourglass"}))) == [
        "models.graph_stacked_hourglass:build",
        "models.semgcn:semantic_convolution",
        "losses:joint_terms",
    ]


def test_a_hierarchical_graph_networks_losses() -> None:
    model = {"name": "hierarchical_graph_network", "non_local": "ungrouped"}

    def of(**settings: Any) -> list[str]:
        found = short(chosen_by(lifting(model=model, targets="meshes", joints=17, **settings)))
        layers = ["models.hgn:HierarchicalSemGraphConv", "models.hgn:HierarchicalNonLocal"]
        assert found[:3] == ["models.hgn:build", *layers]
        return found[3:]

    assert of() == ["losses:joint_terms"]
    assert of(loss="joints_and_meshes", mesh_weight=0.1) == ["losses:distance_terms", "losses:weighted_mesh_terms"]
    assert of(loss="joints_and_meshes_authors") == ["losses:scaled_joint_terms", "losses:mesh_error_terms"]
    assert of(head={"name": "mixture"}, mesh_weight=0.1) == [
        "models.graphmdn:build_head",
        "losses:likelihood_terms",
        "losses:weighted_mesh_terms",
    ]


def test_a_detection_variants_backbone_and_mixture() -> None:
    detection = {"paper": "mixture_dense", "title": "x", "task": "boxes", "architecture": "dla_34"}
    plain = config.DetectionVariant.model_validate(detection)
    assert chosen_by(plain) == ("pipeline.detection.models.dla:build",)
    mixture = config.DetectionVariant.model_validate({**detection, "head": {"components": 3}})
    assert chosen_by(mixture) == (*chosen_by(plain), modules.WEIGHTS_AND_SIGMAS, modules.MIXTURE_TERM)
    head = {"components": 3, "likelihood": {"kind": "annealed"}}
    annealed = config.DetectionVariant.model_validate({**detection, "head": head})
    assert chosen_by(annealed) == (*chosen_by(mixture), "pipeline.detection.remedies:annealed_term")
