"""`like: <variant>` in params.yaml: what a variant takes over, what it does not, and every mistake in one line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import small_params
import yaml
from dvc.utils.hydra import apply_overrides
from repository import ROOT
from small_params import edit, says

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config.lifting import LiftingVariant
from pipeline.config.likeness import resolved

LINES = 730  # params.yaml is to be read from beginning to end: at most six lines for each of its 122 variants


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return small_params.write(tmp_path)


def joined(own: dict[str, Any], other: dict[str, Any]) -> Any:
    """What a variant that states `own` is, if it is like one that states `other`."""
    return resolved({"one": {"like": "other"} | own, "other": other})["one"]


# --- what is taken over -----------------------------------------------------------------------------------------------


def test_what_a_variant_states_goes_first() -> None:
    assert joined({"epochs": 3}, {"epochs": 30, "joints": 17}) == {"epochs": 3, "joints": 17}
    assert joined({}, {"model": {"channels": 64}}) == {"model": {"channels": 64}}


def test_mappings_are_taken_over_key_by_key_and_lists_are_not() -> None:
    stated = {"model": {"channels": 64, "blocks": 2}, "drop_at": [40, 50]}
    expected = {"model": {"channels": 32, "blocks": 2}, "drop_at": [10]}
    assert joined({"model": {"channels": 32}, "drop_at": [10]}, stated) == expected


@pytest.mark.parametrize("key", ["name", "kind"])
def test_settings_of_one_thing_are_none_of_another(key: str) -> None:
    one, other = {key: "one", "blocks": 2}, {key: "other", "channels": 64}
    assert joined({"part": one}, {"part": other}) == {"part": one}
    assert joined({"part": one}, {"part": {"channels": 64}}) == {"part": one}  # not known to be the same
    assert joined({"part": one}, {"part": {key: "one", "channels": 64}}) == {"part": one | {"channels": 64}}
    assert joined({"part": {"blocks": 2}}, {"part": other}) == {"part": other | {"blocks": 2}}


def test_an_empty_mapping_takes_nothing_over() -> None:
    assert joined({"optimizer": {}}, {"optimizer": {"batch_size": 256}}) == {"optimizer": {}}


@pytest.mark.parametrize(("key", "value"), [("title", "Other"), ("core", True), ("imported", True), ("weights", "ab")])
def test_what_is_a_variants_own_is_not_taken_over(key: str, value: object) -> None:
    assert joined({}, {key: value, "epochs": 30}) == {"epochs": 30}
    assert joined({key: 1}, {key: value}) == {key: 1}


def test_a_chain_in_any_order() -> None:
    variants = {
        "last": {"like": "middle", "model": {"blocks": 3}},
        "middle": {"like": "first", "epochs": 2, "title": "Middle"},
        "first": {"epochs": 1, "model": {"blocks": 1, "channels": 64}, "core": True},
    }
    found = resolved(variants)
    assert list(found) == ["last", "middle", "first"]
    assert found["last"] == {"epochs": 2, "model": {"blocks": 3, "channels": 64}}
    assert found["middle"] == {"epochs": 2, "model": {"blocks": 1, "channels": 64}, "title": "Middle"}
    assert found["first"] == variants["first"]


def test_what_was_read_stays_as_it_is() -> None:
    variants = {"one": {"like": "other", "model": {"blocks": 2}}, "other": {"model": {"channels": 64}}}
    before = repr(variants)
    resolved(variants)
    assert repr(variants) == before


@pytest.mark.parametrize("content", [None, 3, "text", [1], {1: 2}, {}])
def test_what_is_no_mapping_is_left_to_the_validation(content: object) -> None:
    assert resolved({"one": {"like": "other", "epochs": 1}, "other": content})["other"] == content
    assert joined({"model": content}, {"model": {"blocks": 2}}).keys() == {"model"}
    assert joined({"model": {"blocks": 2}}, {"model": content})["model"]["blocks"] == 2


# --- in params.yaml ---------------------------------------------------------------------------------------------------


def test_variants_of_both_kinds_may_be_like_others(root: Path) -> None:
    edit(root, "params.yaml", "  graphmdn:\n", "  wide:\n    like: semgcn\n    title: Wide\n  graphmdn:\n")
    with (root / "params.yaml").open("a") as file:
        file.write(
            "detection_variants:\n  one:\n    paper: mdn_offset\n    title: One\n    task: pose\n    epochs: 7\n"
        )
        file.write("  other:\n    like: one\n    title: Other\n")
    run = config.load(None, root)
    assert run.variant("wide") == run.variant("semgcn").model_copy(update={"title": "Wide", "core": False})
    assert run.detection_variant("other") == run.detection_variant("one").model_copy(update={"title": "Other"})


@pytest.mark.parametrize(
    ("like", "expected"),
    [
        ("like: semgnc", "lifting_variants.graphmdn.like: unknown variant 'semgnc'; did you mean 'semgcn'?"),
        ("like: zzz", "lifting_variants.graphmdn.like: unknown variant 'zzz'; there is mean_pose, semgcn, graphmdn"),
        (
            "like: graphmdn",
            "lifting_variants.graphmdn.like: circular (graphmdn, graphmdn); state one in full",
        ),
        ("like: 3", "lifting_variants.graphmdn.like: expected the name of a variant, found 3"),
        ("like: null", "lifting_variants.graphmdn.like: expected the name of a variant, found None"),
        ("like:\n      - semgcn", "lifting_variants.graphmdn.like: expected the name of a variant, found ['semgcn']"),
        ("lik: semgcn", "lifting_variants.graphmdn.lik: unknown key; did you mean 'like'?"),
        ("like: semgcn\n    epocs: 3", "lifting_variants.graphmdn.epocs: unknown key; did you mean 'epochs'?"),
    ],
)
def test_a_mistake_is_one_line(root: Path, like: str, expected: str) -> None:
    edit(root, "params.yaml", "    title: GraphMDN\n", f"    title: GraphMDN\n    {like}\n")
    assert says(root) == f"params.yaml: {expected}"


def test_a_circle_is_named(root: Path) -> None:
    for title, like in (("Mean pose", "semgcn"), ("SemGCN", "graphmdn"), ("GraphMDN", "semgcn")):
        edit(root, "params.yaml", f"    title: {title}\n", f"    title: {title}\n    like: {like}\n")
    circle = "circular (semgcn, graphmdn, semgcn); state one in full"
    assert says(root) == f"params.yaml: lifting_variants.semgcn.like: {circle}"


def test_each_kind_is_like_its_own(root: Path) -> None:
    with (root / "params.yaml").open("a") as file:
        file.write("detection_variants:\n  one:\n    like: semgcn\n")
    assert says(root) == "params.yaml: detection_variants.one.like: unknown variant 'semgcn'; there is one"


@pytest.mark.parametrize(
    "content", ["3", "null", "[]", "{one: null}", "{1: {like: one}, one: {}}", "{a: {like: b}, b: 1}"]
)
def test_variants_that_are_no_mappings_are_one_line(root: Path, content: str) -> None:
    with (root / "params.yaml").open("a") as file:
        file.write(f"detection_variants: {content}\n")
    assert says(root).startswith("params.yaml: detection_variants")


def test_one_variant_needs_no_known_names() -> None:
    with pytest.raises(InputError, match="unknown variant 'semgcn'"):
        resolved({1: {"like": "semgcn"}, "two": {}})  # type: ignore[dict-item]


# --- with DVC ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def before() -> dict[str, LiftingVariant]:
    """The repository's lifting variants. To be read, not changed."""
    return config.load("demo", ROOT).lifting_variants


@pytest.fixture(scope="module")
def stated() -> dict[str, Any]:
    """What params.yaml says of each of them, as it is written there. To be read, not changed."""
    return dict(yaml.safe_load((ROOT / "params.yaml").read_text())["lifting_variants"])


def changed_by(setting: str, folder: Path, before: dict[str, LiftingVariant]) -> list[str]:
    """The variants that `dvc exp run -S <setting>` changes; of them nothing else changes than the schedule."""
    shutil.copytree(ROOT / "params", folder / "params")
    shutil.copy(ROOT / "params.yaml", folder)
    apply_overrides(folder / "params.yaml", [setting])
    after = config.load("demo", folder).lifting_variants
    assert list(before) == list(after)
    changed = [name for name in before if before[name] != after[name]]
    for name in changed:
        assert after[name] == before[name].model_copy(update={"schedule": after[name].schedule})
    return changed


def takes_factor_from(name: str, source: str, variants: dict[str, Any]) -> bool:
    """Whether the factor of a variant's schedule is the one that `source` states, by the text of params.yaml."""
    while name != source:
        schedule = variants[name].get("schedule", {})
        if "factor" in schedule or "kind" in schedule or "like" not in variants[name]:
            return False
        name = variants[name]["like"]
    return True


@pytest.mark.parametrize(
    ("variant", "among", "not_among"),
    [
        ("semgcn", ["resgcn", "fully_connected_pg_sh", "fully_connected_authors"], ["semgcn_17", "semgcn_one_cycle"]),
        ("hgn", ["hgn_coarse_narrow", "hgn_authors"], ["semgcn_17"]),
        ("semgcn_17", ["graph_sh_cpn"], ["semgcn", "hgn"]),
        ("graphmdn_200_sh", ["graphmdn_wide_200_sh"], ["graphmdn_200_one_cycle_sh", "graphmdn"]),
    ],
)
def test_a_setting_reaches_the_variants_that_take_it_over(
    variant: str,
    among: list[str],
    not_among: list[str],
    before: dict[str, LiftingVariant],
    stated: dict[str, Any],
    tmp_path: Path,
) -> None:
    changed = changed_by(f"lifting_variants.{variant}.schedule.factor=0.5", tmp_path, before)
    assert changed == [name for name in before if takes_factor_from(name, variant, stated)]
    assert {variant, *among} <= set(changed) and not set(not_among) & set(changed)


def test_params_yaml_is_short() -> None:
    assert len((ROOT / "params.yaml").read_text().splitlines()) <= LINES
