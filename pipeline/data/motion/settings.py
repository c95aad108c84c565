"""What a preset states of its motion and of its detected 2D joints: one class per source.

A job's plan holds these settings by value, so this file is not part of any code digest. It imports nothing heavy,
because the plan is made without torch.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, NamedTuple, get_args

from pydantic import Field, field_validator, model_validator

from pipeline.settings import Settings, Words


class MotionSettings(Settings):
    """What every source of motion states.

    The class also says where the files come from: `downloads` if the stage `download` fetches them to data/raw,
    `licensed` if the user brings them to data/licensed, neither if the motion is made in code.
    """

    module: ClassVar[str]  # the source itself, with the functions of sources.Source
    downloads: ClassVar[tuple[str, ...] | None] = None  # the fields that decide which files are needed
    licensed: ClassVar[str | None] = None  # a key of pipeline/data/fetch/licensed.py

    source: str
    frames_per_second: float = Field(gt=0)


class SyntheticMotion(MotionSettings):
    """Motion made in code. `seed` decides everything that is drawn at random."""

    module: ClassVar[str] = "pipeline.data.motion.synthetic"

    source: Literal["synthetic"] = "synthetic"
    frames_per_second: float = Field(gt=0, le=200)
    seconds_per_take: float = Field(gt=0)
    seed: int = 0


class CmuMotion(MotionSettings):
    """CMU's motion capture, recorded at 120 Hz. `seed` decides how the cameras are turned in each take."""

    module: ClassVar[str] = "pipeline.data.motion.cmu"
    downloads: ClassVar[tuple[str, ...] | None] = ("train_subjects", "test_subjects")

    source: Literal["cmu"] = "cmu"
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


class Human36mMotion(MotionSettings):
    """Human3.6M, recorded at 50 Hz."""

    module: ClassVar[str] = "pipeline.data.motion.human36m"
    licensed: ClassVar[str | None] = "human36m"

    source: Literal["human36m"] = "human36m"
    frames_per_second: float = Field(gt=0, le=50)

    @field_validator("frames_per_second")
    @classmethod
    def _divides_50(cls, rate: float) -> float:
        stride = round(50 / rate)
        if abs(50 / stride - rate) > 1e-6 * rate:
            raise ValueError(f"{rate:g} must be 50 divided by a whole number, such as 50, 25 or 10")
        return rate


Motion = Annotated[SyntheticMotion | CmuMotion | Human36mMotion, Field(discriminator="source")]


# --- another data set, to test on -------------------------------------------------------------------------------------

OtherData = Literal["mpi_inf_3dhp", "hdm05"]


class OtherSet(NamedTuple):
    """A data set on which variants are measured and none is trained."""

    load: str  # `module:name` of what reads its poses and a summary from a folder
    catalogue: str | None = None  # the module with its files in data/raw, `bring` and more; None: they are licensed
    spoilt: bool = False  # whether it has 2D joints of the kind that a variant is trained with, and not only true ones


OTHER_SETS: dict[str, OtherSet] = {
    "mpi_inf_3dhp": OtherSet("pipeline.data.motion.mpi_inf_3dhp:load"),  # true joints, as in HGN's Table 7
    "hdm05": OtherSet("pipeline.data.motion.hdm05.poses:load", "pipeline.data.motion.hdm05.catalogue", spoilt=True),
}


# --- 2D joints of a detector ------------------------------------------------------------------------------------------

JointKind = Literal["trunk", "head", "hip", "knee", "ankle", "shoulder", "elbow", "wrist"]


class NoisyKeypoints(Settings):
    """True 2D joints with a detector's errors added (pipeline/data/motion/keypoint_noise.py)."""

    source: Literal["noise"] = "noise"
    seed: int = 0
    # Median distance from the truth by kind of joint, in hundredths of the person's size in the image.
    spread: dict[JointKind, float]
    degrees_of_freedom: float = Field(gt=0)  # of Student's t: the fewer, the heavier the tails
    swap: float = Field(ge=0, le=1)  # share of poses with both arms, and of poses with both legs, exchanged
    miss: float = Field(ge=0, le=1)  # share of joints found anywhere around the person

    @model_validator(mode="after")
    def _a_spread_for_every_kind_of_joint(self) -> NoisyKeypoints:
        missing = [kind for kind in get_args(JointKind) if kind not in self.spread]
        if missing:
            raise ValueError(f"spread.{missing[0]}: missing; add it")
        if min(self.spread.values()) < 0:
            raise ValueError("spread: a spread is 0 or more")
        return self


class KeypointFile(Settings):
    """Detections from the user's file in data/licensed (pipeline/data/fetch/licensed.py names it)."""

    source: Literal["file"] = "file"


Keypoints = Annotated[NoisyKeypoints | KeypointFile, Field(discriminator="source")]
