"""pipeline/config/partial.py: a job gets the settings that its plan holds, as they were, and no others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT

from pipeline import artifacts, config
from pipeline.config import Run, plan
from pipeline.config.partial import partial
from pipeline.config.plan import Job
from pipeline.data.images.settings import CocoImages, SyntheticImages
from pipeline.data.motion.settings import CmuMotion, Human36mMotion, KeypointFile, NoisyKeypoints, SyntheticMotion
from pipeline.settings import Settings


class NoCode:
    """Jobs without their code, whose digests take a second."""

    def digests(self, modules: Iterable[str]) -> dict[str, str]:
        return dict.fromkeys(modules, "")


RUNS = {preset: config.load(preset, ROOT) for preset in config.presets(ROOT)}
JOBS = {
    preset: {job.name: job for job in plan.jobs(run, NoCode())}  # type: ignore[arg-type]
    for preset, run in RUNS.items()
}


def run_of(job: Job) -> Run:
    """What the job's stage is given, from the file in the plan."""
    return plan.run_of(json.loads(artifacts.as_json(job.content())), job.preset, Path("a folder"))


def different(part: Any, whole: Any, where: str = "") -> list[str]:
    """Where a part of the settings has another class than the same place of the whole."""
    if where == ".lifting.epochs" and type(part) is int:  # by schedule in a preset, a variant's own number in a plan
        return []
    if where == ".pixels.epochs" and whole is None:  # as stated, which a plan says in a number
        return []
    if part is None and not isinstance(whole, tuple):  # a job may not need what the preset has
        return []
    if type(part) is not type(whole):
        return [f"{where}: {type(part).__name__}, was {type(whole).__name__}"]
    if isinstance(part, Settings):
        pairs = [(key, value, getattr(whole, key)) for key, value in vars(part).items()]
    elif isinstance(part, dict):
        pairs = [(key, value, whole[key]) for key, value in part.items()]
    elif isinstance(part, tuple):
        pairs = [(str(index), value, other) for index, (value, other) in enumerate(zip(part, whole, strict=False))]
    else:
        return []
    return [line for key, value, other in pairs for line in different(value, other, f"{where}.{key}")]


@pytest.mark.parametrize("preset", RUNS)
def test_every_job_gets_exactly_the_settings_of_its_plan(preset: str) -> None:
    assert len(JOBS[preset]) > 10
    for name, job in JOBS[preset].items():
        found = run_of(job)
        wanted = {"lifting_variants": {}, "detection_variants": {}} | job.settings.get("params", {})
        assert found.params.model_dump(mode="json", warnings=False) == wanted, name
        assert found.preset.model_dump(mode="json", warnings=False) == job.settings["preset"], name
        assert (found.preset_name, found.root) == (preset, Path("a folder")), name


@pytest.mark.parametrize("preset", RUNS)
def test_every_setting_has_the_class_that_it_was_validated_to(preset: str) -> None:
    """Unions choose the right member, and what JSON keeps as a list is a tuple again."""
    whole = RUNS[preset]
    for name, job in JOBS[preset].items():
        found = run_of(job)
        assert different(found.params, whole.params) == [], name
        assert different(found.preset, whole.preset) == [], name


@pytest.mark.parametrize(
    ("preset", "motion", "images", "keypoints"),
    [
        ("demo", SyntheticMotion, SyntheticImages, NoisyKeypoints),
        ("mini", CmuMotion, SyntheticImages, NoisyKeypoints),
        ("paper", Human36mMotion, CocoImages, KeypointFile),
    ],
)
def test_the_member_of_a_union_is_that_of_the_preset(preset: str, motion: type, images: type, keypoints: type) -> None:
    jobs = JOBS[preset]
    assert type(run_of(jobs["prepare_motion"]).preset.motion) is motion
    assert type(run_of(jobs["prepare_images-boxes"]).preset.images) is images
    (found,) = run_of(jobs["prepare_keypoints-stacked_hourglass"]).preset.keypoints.values()
    assert type(found) is keypoints


def test_what_the_plan_does_not_hold_cannot_be_read() -> None:
    jobs = JOBS["demo"]
    training = run_of(jobs["train_lifting-graphmdn-seed_0"])
    assert training.variant("graphmdn").head.name == "mixture" and training.preset.threads == 1
    for read, name in (
        (lambda: training.variant("graphmdn").title, "title"),
        (lambda: training.preset.motion, "motion"),
        (lambda: training.preset.description, "description"),
        (lambda: training.params.seeds, "seeds"),
        (lambda: training.variant("graphmdn").model.latent, "latent"),  # has a default, and is another network's
        (lambda: training.seeds_of("graphmdn"), "seeds_of"),
        (lambda: run_of(jobs["prepare_motion"]).preset.device, "device"),
        (lambda: run_of(jobs["train_lifting-mean_pose-seed_0"]).epochs("mean_pose"), "lifting"),
    ):
        with pytest.raises(AttributeError, match=f"'{name}'"):
            read()
    with pytest.raises(artifacts.InputError, match="lifting_variants has no 'semgcn'"):
        training.variant("semgcn")


class Inner(Settings):
    source: str = "x"
    sizes: tuple[tuple[int, int], ...] = ()


class Outer(Settings):
    by_name: dict[str, Inner] | None = None
    words: tuple[str, ...] | str = ()
    inner: Inner | None = None
    count: int = 3


def test_settings_in_settings() -> None:
    content = {"by_name": {"a": {"sizes": [[1, 2], [3, 4]]}}, "words": ["u", "v"], "inner": None}
    found = partial(Outer, content)
    assert found.by_name is not None and type(found.by_name["a"]) is Inner
    assert found.by_name["a"].sizes == ((1, 2), (3, 4))
    assert (found.words, found.inner) == (("u", "v"), None)
    with pytest.raises(AttributeError):
        _ = found.count
    with pytest.raises(AttributeError):
        _ = found.by_name["a"].source
