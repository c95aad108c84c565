"""Lifting variants that read images (SemGCN, Configuration #2): how each is trained, how big a preset makes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.settings import Settings

IMAGES = "images"  # the input of these variants
Stage = Literal["detector", "graph", "all"]
ORDER: tuple[Stage, ...] = ("detector", "graph", "all")  # of the stages of training (Section 5.1)


class PixelsSettings(Settings):
    """One stage of training, and what the graph network reads.

    `detector`: the 2D network alone; `graph`: the graph network on what the fixed 2D network sees; `all`: both. `after`
    is the variant whose weights of the same seed a training begins with; null: random ones.
    """

    stage: Stage
    after: str | None = None
    pooling: bool = True  # image features at the joints; false: the graph network reads 2D joints alone
    bones: bool = True  # in the loss (Eq. 7)
    joints_2d: Literal["found", "ground_truth"] = "found"  # ground_truth: the 2D network is not asked

    @property
    def sees_anew(self) -> bool:
        """Whether the training begins with a 2D network of its own, which no training before it has taught."""
        return not self.after and self.joints_2d == "found"

    @model_validator(mode="after")
    def _what_does_not_go_together(self) -> PixelsSettings:
        if self.stage == "detector" and self.after:
            raise ValueError("after: the 2D network is trained first; take `after` out")
        if self.joints_2d == "ground_truth" and (self.pooling or self.after or self.stage != "graph"):
            raise ValueError("joints_2d: true joints need no 2D network: set stage: graph, pooling: false, after: null")
        if self.stage == "graph" and self.joints_2d == "found" and not self.after:
            raise ValueError("after: a graph network reads what a trained 2D network sees; name its variant")
        return self


class SmallResNet(Settings):
    """A smaller 2D network than the paper's, of the same build, for a run without a GPU."""

    blocks: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False, min_length=4, max_length=4)]
    width: int = Field(ge=4)  # of the first convolution; 64 in ResNet-50
    deconvolution_width: int = Field(ge=4)  # of the head; 256 in the paper's


class PixelsBudget(Settings):
    """How big the training on images is; null: as the variants and the paper state."""

    epochs: dict[Stage, Annotated[int, Field(ge=1)]] | None = None
    network: SmallResNet | None = None
    # Whether a 2D network begins with ImageNet's weights, as in the paper; then `network` is null: ResNet-50.
    imagenet: bool = False
    validate_every: int = Field(1, ge=1)  # epochs

    @model_validator(mode="after")
    def _imagenets_weights_are_of_resnet_50(self) -> PixelsBudget:
        if self.imagenet and self.network:
            raise ValueError("imagenet: there are no such weights of a smaller network; set network: null")
        return self
