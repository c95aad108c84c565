"""A detection variant: a network that finds people or objects in images, with the settings that its paper states."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.config.mixtures import Likelihood
from pipeline.layout import Task
from pipeline.settings import Numbers, Settings, one_of

PAPERS = ("mdn_offset", "mixture_dense")  # in the order of the report; pipeline/report/papers/ has a module for each

USUAL_INPUT_SIZE = 512  # px: CenterNet's, and that of all but two of the papers' networks


class DetectionHead(Settings):
    """How keypoint offsets (pose) or sizes (boxes) are regressed. The defaults are those of the authors' code."""

    components: int = Field(0, ge=0, le=32)  # K of the mixture; 0: one value and an L1 loss, as in CenterNet
    regressors: Literal[1, 2] = 1  # 2: a binary classifier chooses between two mixtures (MDN offset, Section 4.4)
    minimum_sigma: float = Field(10.0, ge=0)  # sigma = clamp(ELU(raw) + minimum, 1e-4, 1e5): the floor is minimum - 1
    axes: Literal["per_axis", "shared"] = "per_axis"  # one sigma each for x and y (code), or one for both (Eq. 4)
    # A keypoint's scale is sigma multiplied by COCO's V_k (code) or divided by it (both papers).
    keypoint_factors: Literal["multiplied", "divided"] = "multiplied"
    stacks: Literal["last", "all"] = "last"  # the stacks of the hourglass that have a mixture term
    per_category: bool = False  # boxes: one size per category
    likelihood: Likelihood | None = None  # of a mixture in training; null: the likelihood as it is

    @property
    def total_components(self) -> int:
        """Components of all regressors together; 1 without a mixture."""
        return max(1, self.components * self.regressors)

    @model_validator(mode="after")
    def _two_regressors_are_mixtures(self) -> DetectionHead:
        if self.regressors == 2 and not self.components:
            raise ValueError("regressors: 2 chooses between two mixtures; set components: 1 or more")
        if self.likelihood and not self.components:
            raise ValueError("likelihood: a single value has none; set components: 1 or more")
        return self


class DetectionWeights(Settings):
    """Weights of the loss terms (MDN offset, Eq. 6)."""

    center: float = Field(1.0, ge=0)
    offset: float = Field(1.0, ge=0)  # of the centres' and the keypoints' offsets from their cells
    size: float = Field(0.1, ge=0)  # for boxes with a mixture, the weight of its term
    regression: float = Field(
        1.0, ge=0
    )  # of the keypoints' offsets from the centre; with a mixture the variants state 0.1
    keypoint_heatmap: float = Field(1.0, ge=0)


class DetectionOptimizer(Settings):
    learning_rate: float = Field(2.5e-4, gt=0)
    batch_size: int = Field(12, ge=1)


class DetectionVariant(Settings):
    """A CenterNet.

    `drop_at`: the epochs, of those stated, after which the learning rate is divided by ten. An `imported` variant is
    not trained: `weights` is the SHA-256 digest that import_checkpoint prints, null before the import.
    """

    paper: Annotated[str, one_of(PAPERS)]
    title: str
    core: bool = False
    task: Task
    epochs: int = Field(50, ge=1)
    architecture: Literal["large_hourglass", "small_hourglass", "extra_small_hourglass", "dla_34"] = "large_hourglass"
    imported: bool = False
    weights: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    input_size: int = Field(USUAL_INPUT_SIZE, ge=64, multiple_of=128)
    training_share: float = Field(1.0, gt=0, le=1)  # of the training images; which ones is drawn once
    head: DetectionHead = DetectionHead()
    loss: DetectionWeights = DetectionWeights()
    optimizer: DetectionOptimizer = DetectionOptimizer()
    drop_at: Annotated[Numbers, Field(strict=False)] = (40,)

    @property
    def mixture(self) -> bool:
        return self.head.components > 0

    @model_validator(mode="after")
    def _what_does_not_go_together(self) -> DetectionVariant:
        if self.weights and not self.imported:
            raise ValueError("weights: only of an imported variant; set imported: true")
        if self.head.per_category and (self.task != "boxes" or self.mixture):
            raise ValueError("head.per_category: only of boxes without a mixture; take it out")
        if self.task == "boxes" and self.head.regressors != 1:
            raise ValueError("head.regressors: the hierarchical model is one of poses; take it out")
        return self
