"""A preset: data, epochs, seeds, threads; how big a run is. That of a study has variants of its own, too."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from pipeline.config.detection import DetectionVariant
from pipeline.config.lifting import Detector, LiftingVariant, ScheduleKind
from pipeline.config.pixels import PixelsBudget
from pipeline.data.images.settings import Crops, FilmedCrops, Images, PersonCrops
from pipeline.data.motion.settings import OTHER_SETS, Human36mMotion, Keypoints, Motion, OtherData, OtherSet
from pipeline.settings import Name, Settings, Words, one_of

Epochs = Annotated[int, Field(ge=1)]


def _form(epochs: object) -> str:
    """Which form of `lifting.epochs` was meant. Of a word in brackets an error shows nothing (reading.py)."""
    return "[by_schedule]" if isinstance(epochs, dict) else "[one]"


class LiftingBudget(Settings):
    """Epochs for every variant, or by the kind of its schedule; null, or a kind not listed: as the variants state.

    `validate_every`: epochs. The best epoch on the test subjects is one of those after which the network is validated.
    """

    epochs: (
        Annotated[
            Annotated[Epochs, Tag("[one]")] | Annotated[dict[ScheduleKind, Epochs], Tag("[by_schedule]")],
            Discriminator(_form),
        ]
        | None
    ) = None
    validate_every: int = Field(1, ge=1)

    def of(self, kind: ScheduleKind) -> int | None:
        """The epochs of variants with this kind of schedule; None: as each states."""
        return self.epochs.get(kind) if isinstance(self.epochs, dict) else self.epochs


DetectionTask = Literal["pose", "boxes"]

NARROWEST = 32  # an hourglass's first width


class SmallNetworks(Settings):
    """Smaller versions of the papers' networks, for a run without a GPU: the same modules, fewer and narrower.

    `widths`: of the hourglass's levels, finest first, at least two; some may be equal. The first is at least 32,
    because with 16 or 8 torch 2.13 writes past its memory in a CPU's backward pass at 128 px.
    """

    stacks: int = Field(1, ge=1)
    widths: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False, min_length=2)] = (32, 64, 96, 128)
    modules: int = Field(1, ge=1)  # residuals (convolutions) per level
    map_width: int = Field(48, ge=1)  # of a heatmap head's hidden layer
    center_width: int = Field(128, ge=1)  # of the hidden layer of a head that is computed at centres
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
    """How a small run is trained: Adam with a rate that falls along a cosine.

    It overrides what the variants state for the papers' networks and data.
    """

    learning_rate: float = Field(gt=0)
    batch_size: int = Field(ge=1)
    beta2: float = Field(0.999, gt=0, lt=1)
    # Multiplies the floor of every sigma (the stated minimum less 1), because the output grid has fewer cells.
    sigma_factor: float = Field(1.0, gt=0)
    # The raw sigma at the start of training, by task; 0 for a task that is not listed.
    sigma_start: dict[DetectionTask, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    # How the regressed means are initialised, by task: `clusters` of the training data, one per component (without a
    # mixture, the mean of all), or `random`, as in the papers and for a task that is not listed.
    start: dict[DetectionTask, Literal["random", "clusters"]] = Field(default_factory=dict)


Augmentation = Literal["full", "mirror", "none"]


class DetectionBudget(Settings):
    """How big the training of detection is; null: as the variants state."""

    epochs: dict[DetectionTask, Epochs] | None = None
    input_size: dict[DetectionTask, Annotated[int, Field(ge=32, multiple_of=32)]] | None = None
    networks: SmallNetworks | None = None
    recipe: DetectionRecipe | None = None
    # `full`: crops, scales, mirror images and colours, as CenterNet; `mirror`: whole images, mirrored or not; `none`.
    augment: Augmentation = "full"
    validate_every: int = Field(1, ge=1)  # epochs
    variants: Literal["core", "all"] | Words = "all"
    training_images: bool = False  # evaluate on the training images too: of few images only those can be learned
    test_scales: Annotated[tuple[Literal[3, 5], ...], Field(strict=False)] = ()  # multi-scale tests of boxes


Variants = TypeVar("Variants", dict[str, LiftingVariant], dict[str, DetectionVariant])


STUDIES = ("batch_norm", "collapse", "mixture_weight")  # pipeline/report/studies/ has a module for each


class Preset(Settings):
    description: str
    # Of a study's preset: what its report shows instead of the papers' tables, figures and claims.
    study: Annotated[str, one_of(STUDIES)] | None = None
    threads: int = Field(1, ge=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seeds: int = Field(1, ge=1)
    seeds_of: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)  # where a variant has another number
    epochs_of: dict[str, Epochs] = Field(default_factory=dict)  # likewise
    variants: Literal["core", "all"] | Words = "all"
    motion: Motion
    keypoints: dict[Detector, Keypoints] = Field(default_factory=dict)
    # The body that is fitted to the poses; null: networks that learn meshes are not run.
    body: Literal["open", "smpl"] | None = None
    # Images of one person each: drawn on the fitted bodies, which they need, or cut out of Human3.6M's videos.
    crops: Crops | None = None
    generalization: OtherData | None = None  # another data set, to measure every variant on
    lifting: LiftingBudget = LiftingBudget()
    pixels: PixelsBudget = PixelsBudget()  # of lifting variants that read crops
    images: Images | None = None  # null: detection variants are not run
    detection: DetectionBudget = DetectionBudget()
    # Variants that exist in this preset alone. `like` may name those of params.yaml, which have no such name.
    lifting_variants: dict[Name, LiftingVariant] = Field(default_factory=dict)
    detection_variants: dict[Name, DetectionVariant] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _crops_are_of_the_motion(self) -> Preset:
        if isinstance(self.crops, PersonCrops) and not self.body:
            raise ValueError("crops are drawn on fitted bodies; write `body: open`, or leave out `crops`")
        if isinstance(self.crops, FilmedCrops):
            if not isinstance(self.motion, Human36mMotion):
                raise ValueError("crops.source: the videos are of Human3.6M's motion; write `source: synthetic`")
            times = self.motion.frames_per_second / self.crops.frames_per_second
            if abs(times - round(times)) > 1e-6:
                raise ValueError("crops.frames_per_second: must divide motion.frames_per_second")
        return self

    @property
    def other(self) -> OtherSet | None:
        """The other data set that `generalization` names."""
        return OTHER_SETS[self.generalization] if self.generalization else None

    @field_validator("lifting_variants", "detection_variants")
    @classmethod
    def _imported_weights_are_of_every_preset(cls, variants: Variants) -> Variants:
        for name, variant in variants.items():
            if variant.imported:
                raise ValueError(f"{name}.imported: weights are the same in every preset; move it to params.yaml")
        return variants
