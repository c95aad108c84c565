"""A preset: how big a run is. Data, epochs, seeds, threads; never what is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.params.base import Settings, Words
from pipeline.params.variants import Detector


class SyntheticMotion(Settings):
    source: Literal["synthetic"]
    frames_per_second: float = Field(gt=0, le=200)
    seconds_per_take: float = Field(gt=0)
    seed: int = 0


class CmuMotion(Settings):
    source: Literal["cmu"]
    frames_per_second: float = Field(gt=0, le=120)
    seed: int = 0
    train_subjects: Words
    test_subjects: Words

    @model_validator(mode="after")
    def _no_subject_on_both_sides(self) -> CmuMotion:
        both = sorted(set(self.train_subjects) & set(self.test_subjects))
        if both:
            raise ValueError(f"subject {both[0]} is in train_subjects and in test_subjects; keep it in one")
        return self


class Human36mMotion(Settings):
    source: Literal["human36m"]
    frames_per_second: float = Field(gt=0, le=50)


Motion = Annotated[SyntheticMotion | CmuMotion | Human36mMotion, Field(discriminator="source")]


class NoiseModel(Settings):
    """A detector that is not there: the truth's projection, spoilt as detectors spoil it (pipeline/sources/noise.py).

    `spread`: median distance from the truth, in hundredths of the person's size in the picture, by kind of joint.
    """

    source: Literal["noise"]
    seed: int = 0
    spread: dict[Literal["trunk", "head", "hip", "knee", "ankle", "shoulder", "elbow", "wrist"], float]
    degrees_of_freedom: float = Field(gt=0)  # of Student's t: the fewer, the heavier the tails
    swap: float = Field(ge=0, le=1)  # share of poses with both arms, and of poses with both legs, exchanged
    miss: float = Field(ge=0, le=1)  # share of joints found anywhere around the person

    @model_validator(mode="after")
    def _a_spread_for_every_kind_of_joint(self) -> NoiseModel:
        kinds = ("trunk", "head", "hip", "knee", "ankle", "shoulder", "elbow", "wrist")
        missing = [kind for kind in kinds if kind not in self.spread]
        if missing:
            raise ValueError(f"spread.{missing[0]}: missing; add it")
        if min(self.spread.values()) < 0:
            raise ValueError("spread: a spread is 0 or more")
        return self


class DetectionFile(Settings):
    """Detections that the user has as a file in data/licensed (pipeline/sources/licensed.py says under which name)."""

    source: Literal["file"]


Detections = Annotated[NoiseModel | DetectionFile, Field(discriminator="source")]


class LiftBudget(Settings):
    """Epochs for every variant; null trains each as long as it states. A killed run loses `save_every_seconds`."""

    epochs: int | None = Field(None, ge=1)
    save_every_seconds: float = Field(20.0, ge=0)


class Preset(Settings):
    description: str
    threads: int = Field(1, ge=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seeds: int = Field(1, ge=1)
    seeds_of: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)  # where a variant has another number
    variants: Literal["core", "all"] | Words = "all"
    motion: Motion
    detections: dict[Detector, Detections] = Field(default_factory=dict)
    # The body that is fitted to the poses, and whether its mesh is coarsened from the best of many vertex orders or, as
    # HGN's authors did, from its own; null: networks that learn meshes are not run.
    body: Literal["open", "smpl"] | None = None
    coarsening: Literal["searched", "as_stored"] = "searched"
    generalization: Literal["mpi_inf_3dhp"] | None = None  # another data set's test set, to measure every variant on
    lift: LiftBudget = LiftBudget()
