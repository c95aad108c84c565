"""A preset: how big a run is. Data, epochs, seeds, threads; never what is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pipeline.config.base import Settings, Words
from pipeline.config.lifting import Detector


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
    """A model of a detector's errors: noise on the projected truth (pipeline/data/motion/keypoint_noise.py).

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
    """Detections from the user's file in data/licensed (pipeline/data/fetch/licensed.py names it)."""

    source: Literal["file"]


Detections = Annotated[NoiseModel | DetectionFile, Field(discriminator="source")]


class LiftingBudget(Settings):
    """Epochs for every variant; null trains each as long as it states."""

    epochs: int | None = Field(None, ge=1)


Range = Annotated[tuple[float, float], Field(strict=False)]


class PoseScenes(Settings):
    """Made pictures of people (pipeline/data/images/scenes/__init__.py)."""

    size: int = Field(64, ge=32, le=1024)  # px, square
    train: int = Field(ge=1)
    val: int = Field(ge=1)
    people: Annotated[tuple[int, int], Field(strict=False)] = (1, 3)  # fewest and most in a picture
    scale: Range = (0.1, 1.0)  # the longer side of the posed person's box over the picture's side
    front: float = Field(0.5, ge=0, le=1)  # share of people seen from the front
    yaw_spread: float = Field(0.7, ge=0)  # radians around front or back, standard deviation
    without_cue: float = Field(0.0, ge=0, le=1)  # share of people whose clothes and face tell no front from back
    postures: Literal["varied", "upright"] = "varied"  # upright: people stand and walk
    occluders: float = Field(0.5, ge=0)  # things in front of people, on average in a picture
    clutter: int = Field(6, ge=0)  # things behind them


class BoxScenes(Settings):
    """Made pictures of objects of several categories, people among them."""

    size: int = Field(128, ge=32, le=1024)
    train: int = Field(ge=1)
    val: int = Field(ge=1)
    objects: Annotated[tuple[int, int], Field(strict=False)] = (2, 5)
    scale: Range = (0.1, 1.0)
    clutter: int = Field(6, ge=0)


class SyntheticImages(Settings):
    source: Literal["synthetic"]
    seed: int = 0
    pose: PoseScenes
    boxes: BoxScenes


class CocoImages(Settings):
    """COCO 2017. `archives`: whole zip files (19 GB); `single`: each picture alone, the first `limit` of a split."""

    source: Literal["coco"]
    files: Literal["archives", "single"] = "archives"
    limit: int | None = Field(None, ge=1)
    test_dev: bool = False  # also the pictures whose results only COCO's server can judge
    # Whether training for poses has people without annotated keypoints. The papers' does: they are centres to be found,
    # and their keypoints are whatever the network makes of them, which a network that only remembers cannot know.
    unlabelled_people: bool = True


Images = Annotated[SyntheticImages | CocoImages, Field(discriminator="source")]


DetectionTask = Literal["pose", "boxes"]

NARROWEST = 32  # an hourglass's first width


class SmallNetworks(Settings):
    """Networks of the papers' build in small, for a run without a GPU: the same modules, fewer and narrower.

    `widths`: of the hourglass's levels, from the finest, two or more, of which some may be equal. The first is 32 or
    more: with 16 or 8 torch 2.13 writes past its memory in a CPU's backward pass at 128 px, with 32 it does not.
    """

    stacks: int = Field(1, ge=1)
    widths: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False, min_length=2)] = (32, 64, 96, 128)
    modules: int = Field(1, ge=1)  # residuals (convolutions) a level
    map_width: int = Field(48, ge=1)  # of a heatmap head's hidden layer
    center_width: int = Field(128, ge=1)  # of a head that is computed at centres
    dla_widths: Annotated[tuple[int, int, int, int, int, int], Field(strict=False)] = (8, 8, 16, 32, 64, 96)

    @field_validator("widths")
    @classmethod
    def _what_torch_can_train(cls, widths: tuple[int, ...]) -> tuple[int, ...]:
        if widths[0] < NARROWEST:
            raise ValueError(
                f"the first is {widths[0]}, and torch's training on a CPU crashes on narrow hourglasses; "
                f"take {NARROWEST} or more"
            )
        return widths


class DetectionRecipe(Settings):
    """How a small run is trained, in place of what its variants state for the papers' networks and data."""

    learning_rate: float = Field(gt=0)
    schedule: Literal["cosine", "stated"] = "stated"
    batch_size: int = Field(ge=1)
    beta2: float = Field(0.999, gt=0, lt=1)
    sigma_factor: float = Field(1.0, gt=0)  # times every minimum sigma above 1: the output grid has fewer cells
    # The raw sigma that training begins with, by task; 0 for one that is not listed.
    sigma_start: dict[DetectionTask, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    # Where the regressed means begin, by task: `clusters` of the training data, one a component (the mean of all where
    # there is no mixture), or `random`, as the papers have it and as is the rule for a task that is not listed.
    start: dict[DetectionTask, Literal["random", "clusters"]] = Field(default_factory=dict)


Augmentation = Literal["full", "mirror", "none"]


class DetectionBudget(Settings):
    """How big the image side of a run is; null: as the variants state."""

    epochs: dict[DetectionTask, Annotated[int, Field(ge=1)]] | None = None
    input_size: dict[DetectionTask, Annotated[int, Field(ge=32, multiple_of=32)]] | None = None
    networks: SmallNetworks | None = None
    recipe: DetectionRecipe | None = None
    # `full`: crops, scales, mirror images and colours, as CenterNet; `mirror`: whole pictures, mirrored or not; `none`.
    augment: Augmentation = "full"
    validate_every: int = Field(1, ge=1)  # epochs
    variants: Literal["core", "all"] | Words = "all"
    training_images: bool = False  # measure on the training images as well: what a run of a few images can show
    test_scales: Annotated[tuple[Literal[3, 5], ...], Field(strict=False)] = ()  # multi-scale tests of boxes


class Preset(Settings):
    description: str
    threads: int = Field(1, ge=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seeds: int = Field(1, ge=1)
    seeds_of: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)  # where a variant has another number
    variants: Literal["core", "all"] | Words = "all"
    motion: Motion
    keypoints: dict[Detector, Detections] = Field(default_factory=dict)
    # The body that is fitted to the poses, and whether its mesh is coarsened from the best of many vertex orders or, as
    # HGN's authors did, from its own; null: networks that learn meshes are not run.
    body: Literal["open", "smpl"] | None = None
    coarsening: Literal["searched", "as_stored"] = "searched"
    generalization: Literal["mpi_inf_3dhp"] | None = None  # another data set's test set, to measure every variant on
    lifting: LiftingBudget = LiftingBudget()
    images: Images | None = None  # null: what needs pictures is not run
    detection: DetectionBudget = DetectionBudget()
