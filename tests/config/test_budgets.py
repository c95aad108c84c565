"""Which jobs' plans hold which epochs: a variant's plan changes with its own number and with no other's."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT

from pipeline import artifacts, config
from pipeline.config import Run, plan

TASKS = {"pose": 3, "boxes": 3}
KINDS = {"step": 3, "exponential": 3, "one_cycle": 3}


class NoCode:
    """Jobs without their code, whose digests take a second."""

    def digests(self, modules: Iterable[str]) -> dict[str, str]:
        return dict.fromkeys(modules, "")


def a_run(lifting: Any, detection: dict[str, int] | None = None, epochs_of: dict[str, int] | None = None) -> Run:
    """The demo with all variants and these epochs."""
    content = config.load("demo", ROOT).model_dump()
    content["preset"] |= {"lifting": {"epochs": lifting}, "variants": "all", "epochs_of": epochs_of or {}}
    content["preset"]["detection"] |= {"epochs": detection, "variants": "all"}
    return Run.model_validate(content)


def trainings(run: Run) -> dict[str, str]:
    """The plan's file of every training, by variant. All have one seed."""
    jobs = plan.jobs(run, NoCode())  # type: ignore[arg-type]
    return {job.options["variant"]: artifacts.as_json(job.content()) for job in jobs if job.stage.startswith("train")}


def changed(before: Run, after: Run) -> set[str]:
    """The variants whose training has another plan."""
    one, other = trainings(before), trainings(after)
    assert one.keys() == other.keys()
    return {name for name in one if one[name] != other[name]}


def trained(run: Run, kind: str) -> set[str]:
    """The lifting variants with this kind of schedule that are trained."""
    return {
        name
        for name, variant in run.lifting_variants.items()
        if variant.schedule_kind == kind and not (variant.closed_form or variant.imported)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_epochs_of_a_kind_are_in_the_plans_of_its_variants_alone(kind: str) -> None:
    before, after = a_run(KINDS, TASKS), a_run(KINDS | {kind: 4}, TASKS)
    assert changed(before, after) == trained(after, kind) != set()


def test_one_number_and_the_same_number_by_kind_are_the_same_plan() -> None:
    assert changed(a_run(3, TASKS), a_run(KINDS, TASKS)) == set()
    assert changed(a_run(None, TASKS), a_run({}, TASKS)) == set()


@pytest.mark.parametrize("name", ["semgcn", "graphmdn", "pose_l_base", "boxes_l_mdn_3"])
def test_the_epochs_of_one_variant_are_in_its_plan_alone(name: str) -> None:
    before, after = a_run(KINDS, TASKS), a_run(KINDS, TASKS, {name: 5})
    assert changed(before, after) == {name}
    assert changed(before, a_run(KINDS, TASKS, {name: 3})) == set()  # wherever a number comes from, it is the same
    assert changed(a_run(None, None), a_run(None, None, {name: 5})) == {name}


def test_a_training_is_given_the_epochs_of_its_plan() -> None:
    run = a_run({"one_cycle": 8}, {"boxes": 6}, {"semgcn_17": 4, "pose_l_base": 2})
    expected = {"graphmdn": 8, "semgcn": 30, "semgcn_17": 4, "boxes_l_base": 6, "pose_l_base": 2, "pose_l_mdn_3": 50}
    files = trainings(run)
    for name, epochs in expected.items():
        content = json.loads(files[name])
        assert content["settings"]["decided"]["epochs"] == epochs, name
        assert plan.run_of(content, "demo", Path()).epochs(name) == run.epochs(name) == epochs, name
