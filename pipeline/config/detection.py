"""A detection variant: a network that finds people or objects in images, stated as its paper states it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.layout import Task
from pipeline.settings import Numbers, Settings


class DetectionHead(Settings):
    """How offsets (pose) or sizes (boxes) are regressed. The defaults are the authors' code's."""

    components: int = Field(0, ge=0, le=32)  # of the mixture; 0: one value and an L1 loss, as CenterNet has it
    regressors: Literal[1, 2] = 1  # 2: a binary classifier chooses between two mixtures (MDN offset, Section 4.4)
    # sigma = clamp(ELU(raw) + minimum, 1e-4, 1e5), so the floor is minimum - 1
    minimum_sigma: float = Field(10.0, ge=0)
    axes: Literal["per_axis", "shared"] = "per_axis"  # sigma of x and y apart, as in the code, or one (Eq. 4)
    keypoint_factors: Literal["multiplied", "divided"] = "multiplied"  # sigma by COCO's V_k: code / both papers
    stacks: Literal["last", "all"] = "last"  # whose mixture term counts
    per_category: bool = False  # boxes: a size for every category

    @property
    def total_components(self) -> int:
        """Kernels over all regressors; 1 where there is no mixture."""
        return max(1, self.components * self.regressors)

    @model_validator(mode="after")
    def _two_regressors_are_mixtures(self) -> DetectionHead:
        if self.regressors == 2 and not self.components:
            raise ValueError("regressors: 2 chooses between two mixtures; set components: 1 or more")
        return self


class DetectionWeights(Settings):
    """Weights of the loss terms (MDN offset, Eq. 6). `regression` is that of keypoint offsets; 0.1 for a mixture."""

    center: float = Field(1.0, ge=0)
    offset: float = Field(1.0, ge=0)  # of centres and of keypoints
    size: float = Field(0.1, ge=0)  # in detection also that of the mixture over sizes
    regression: float = Field(1.0, ge=0)
    keypoint_heatmap: float = Field(1.0, ge=0)


class DetectionOptimizer(Settings):
    learning_rate: float = Field(2.5e-4, gt=0)
    batch_size: int = Field(12, ge=1)


class DetectionVariant(Settings):
    """A CenterNet. `drop_at`: epochs (of those stated) after which the learning rate is a tenth."""

    paper: Literal["mdn_offset", "mixture_dense"]
    title: str
    core: bool = False
    task: Task
    epochs: int = Field(50, ge=1)
    architecture: Literal["large_hourglass", "small_hourglass", "extra_small_hourglass", "dla_34"] = "large_hourglass"
    imported: bool = False
    weights: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    input_size: int = Field(512, ge=64, multiple_of=128)
    training_share: float = Field(1.0, gt=0, le=1)  # of the training images, drawn once
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
