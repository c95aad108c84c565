"""params.modules: a variant opens the modules that its settings choose, and no other variant's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import module_graph
import pytest
from repository import ROOT, run_tool

from pipeline import config
from pipeline.config import modules
from pipeline.config.code import Code
from pipeline.config.modules import modules_of

RUN = config.load("demo", ROOT)
VARIANTS = {"lifting": RUN.lifting_variants, "detection": RUN.detection_variants}
STAGES = [f"pipeline/stages/{work}_{kind}.py" for work in ("train", "evaluate") for kind in VARIANTS]
FRAMES = {  # what every network of a kind is built in
    "pipeline/lifting/models": {"__init__.py", "parts.py"},
    "pipeline/detection/models": {"__init__.py", "centernet.py"},
    "pipeline/lifting/losses": {"__init__.py"},
}
IN_FRAMES = (modules.WEIGHTS_AND_SIGMAS, modules.MIXTURE_TERM)  # definitions that stand beside what every variant uses


def file_of(name: str) -> str:
    """The file of a module, or of the module in `module:definition`."""
    place = ROOT.joinpath(*name.partition(":")[0].split("."))
    file = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
    return file.relative_to(ROOT).as_posix()


@cache
def closure(*files: str) -> frozenset[str]:
    """The modules that these reach by imports, themselves included."""
    found: set[Path] = set()
    for file in files:
        found |= module_graph.reached(ROOT / file, ROOT, frozenset(found))
    return frozenset(path.relative_to(ROOT).as_posix() for path in found)


def chosen() -> Iterator[str]:
    """The files that some settings choose."""
    tables = (modules.NETWORKS, modules.HEADS, modules.REFINEMENTS, modules.POSE_LOSSES, modules.BACKBONES)
    names = [name for table in tables for name in table.values()]
    names += [name for pair in modules.LAYERS.values() for table in pair for name in table.values()]
    yield from map(file_of, {*names, modules.MIRROR_TESTED})


def modules_in(folder: str) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / folder).glob("*.py"))]


def settings_of(kind: str, name: str) -> config.LiftingVariant | config.DetectionVariant:
    return RUN.variant(name) if kind == "lifting" else RUN.detection_variant(name)


def lifting(**settings: Any) -> config.LiftingVariant:
    return config.LiftingVariant.model_validate({"paper": "sanity", "title": "x", **settings})


def short(names: tuple[str, ...]) -> list[str]:
    return [name.removeprefix("pipeline.lifting.") for name in names]


# --- what is imported by name -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "starts",
    [
        *([stage] for stage in STAGES),
        ["pipeline/lifting/task.py"],
        ["pipeline/lifting/models/__init__.py", "pipeline/lifting/losses/__init__.py"],
        ["pipeline/detection/models/__init__.py"],
        *(modules_in(f"pipeline/{kind}") for kind in VARIANTS),
    ],
    ids=lambda starts: starts[0],
)
def test_nothing_that_settings_choose_is_imported_by_name(starts: list[str]) -> None:
    reached = closure(*starts)
    assert not reached & set(chosen())
    for folder, frame in FRAMES.items():
        found = {Path(file).name for file in reached if file.startswith(f"{folder}/")}
        assert found <= frame, f"{folder}: what every variant is built in would have {found - frame} too"


@pytest.mark.parametrize("name", IN_FRAMES)
def test_a_definition_that_settings_choose_counts_only_for_them(name: str) -> None:
    """A variant without a mixture does not depend on the mixture's code, which is in files that it uses."""
    code, start, file = Code(), "pipeline.stages.train_detection:run", file_of(name)
    assert code.digests([start])[file] != code.digests([start, name])[file]
    assert callable(modules.load(name))


# --- what is opened ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened() -> dict[str, Any]:
    answer = run_tool("python", "tests/opened_modules.py", PYTHONPATH=str(ROOT))
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.mark.parametrize("kind", VARIANTS)
def test_a_variant_opens_the_modules_of_its_settings_and_no_other(kind: str, opened: dict[str, Any]) -> None:
    assert not set(opened["before"]) & set(chosen())
    static = closure(*(f"pipeline/{kind}/{name}.py" for name in ("task", "checkpoints"))) | set(opened["before"])
    assert {modules_of(settings_of(kind, name)) for name in opened[kind]} == {
        modules_of(settings_of(kind, name)) for name in VARIANTS[kind]
    }
    for name, files in opened[kind].items():
        named = [file_of(module) for module in modules_of(settings_of(kind, name))]
        assert set(named) <= set(files), f"{name} uses only some of {named}"
        only_docstrings = {file for file in files if module_graph.only_explains(ROOT / file)}
        assert set(files) <= static.union(only_docstrings, *map(closure, named)), name


def test_every_module_of_the_tables_is_there_and_in_order() -> None:
    for name in map(str, get_args(config.ModelSettings.model_fields["name"].annotation)):
        assert name in modules.NETWORKS
    assert all((ROOT / file).is_file() for file in chosen())
    for package, offers in modules.OFFERS.items():
        assert list(offers) == sorted(offers)
        for module in offers.values():
            assert (ROOT / file_of(module)).is_file(), f"{package} offers what is in {module}"


# --- what settings choose ---------------------------------------------------------------------------------------------


def test_a_graph_networks_layers_are_chosen_by_its_settings() -> None:
    assert short(modules_of(lifting())) == [
        "models.graph_network",
        "models.semantic_graph_convolution",
        "models.non_local",
        "losses.joints",
    ]
    model = {"convolution": "vanilla", "non_local": "none", "refinement": "pose_grammar"}
    assert short(modules_of(lifting(model=model, flip={"testing": True}))) == [
        "models.graph_network",
        "models.graph_convolution",
        "models.pose_grammar",
        "models.mirror_tested",
        "losses.joints",
    ]


def test_other_networks_have_no_layers_to_choose() -> None:
    mixture = {"name": "mixture"}
    assert short(modules_of(lifting(model={"name": "fully_connected"}, head=mixture))) == [
        "models.fully_connected",
        "models.mixture_head",
        "losses.likelihood",
    ]
    assert short(modules_of(lifting(model={"name": "graph_stacked_hourglass"}))) == [
        "models.graph_stacked_hourglass",
        "models.semantic_graph_convolution",
        "losses.joints",
    ]


def test_a_hierarchical_graph_networks_losses() -> None:
    model = {"name": "hierarchical_graph_network", "non_local": "ungrouped"}

    def of(**settings: Any) -> list[str]:
        found = short(modules_of(lifting(model=model, targets="meshes", joints=17, **settings)))
        assert found[:3] == [
            "models.hierarchical_graph_network",
            "models.hierarchical_semantic_convolution",
            "models.hierarchical_non_local",
        ]
        return found[3:]

    assert of() == ["losses.joints"]
    assert of(loss="joints_and_meshes", mesh_weight=0.1) == ["losses.meshes"]
    assert of(loss="joints_and_meshes_authors") == ["losses.meshes_authors"]
    assert of(head={"name": "mixture"}, mesh_weight=0.1) == [
        "models.mixture_head",
        "losses.likelihood",
        "losses.meshes",
    ]


def test_a_detection_variants_backbone_and_mixture() -> None:
    detection = {"paper": "mixture_dense", "title": "x", "task": "boxes", "architecture": "dla_34"}
    plain = config.DetectionVariant.model_validate(detection)
    assert modules_of(plain) == ("pipeline.detection.models.dla:build",)
    mixture = config.DetectionVariant.model_validate({**detection, "head": {"components": 3}})
    assert modules_of(mixture) == (*modules_of(plain), *IN_FRAMES)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", modules.OFFERS)
def test_a_package_gives_the_names_it_offers(package: str) -> None:
    for name, module in modules.OFFERS[package].items():
        assert getattr(modules.offered(package, name), "__module__", None) == module
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'Nothing'"):
        modules.offered(package, "Nothing")
