"""What a detection variant's metrics file holds, results/<preset>/metrics/<variant>.json: checked when it is read.

All AP, AR and shares are in percent. A file holds no times: two equal runs have equal files. Speed stands beside it, in
data/<preset>/evaluate_detection/<variant>/speed.json: {mode: images a second}, `network` without decoding.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Precision(Part):
    """COCO's metric. A size of object that the images lack is None."""

    ap: float
    ap_50: float
    ap_75: float
    ap_small: float | None = None  # boxes only
    ap_medium: float | None = None
    ap_large: float | None = None
    ar: float  # keypoints: 20 detections an image; boxes: 100


# How predictions were made: `plain`: largest component, one scale, no flip; `mean`: the components' weighted mean;
# `refined`: keypoints moved to heatmap peaks; `flip`: averaged with the mirror image's, as in the authors' code, which
# leaves keypoints 1.5 px of the input too far left; `flip_aligned`: without that (poses); `scales_3`, `scales_5`:
# merged over test sizes, with flip.
Mode = Literal["plain", "mean", "refined", "flip", "flip_aligned", "flip_refined", "scales_3", "scales_5"]

# Subsets of the validation images (MDN offset, Table 2); boxes have `all` only.
Subset = Literal["all", "visible_keypoints", "occluded_keypoints", "visible_face", "occluded_face"]
Subsets = dict[Subset, Precision]


class Directions(Part):
    """Shares of predicted offsets that point in the positive direction (Mixture Dense, Table 4)."""

    left_x: float
    left_y: float
    right_x: float
    right_y: float


class Spread(Part):
    """Mean and standard deviation of sigma in cells, of the predictions that a component makes."""

    mean_x: float
    mean_y: float
    sd_x: float
    sd_y: float


class Quartiles(Part):
    """Of an object's scale, the square root of its area in px."""

    low: float  # 5th percentile
    first: float
    median: float
    third: float
    high: float  # 95th percentile
    share: float  # of all objects (predictions), in percent


class Component(Part):
    """A component's part in the predictions of score 0.5 or more (`share_strict`: 0.7); None if there are none."""

    share: float | None = None
    share_strict: float | None = None
    sigma: Spread | None = None
    directions: Directions | None = None  # poses
    scale: Quartiles | None = None  # boxes
    back_views: float | None = None  # share of the matched people seen from the back, where the data tell (made scenes)
    without: Precision  # its predictions ignored
    only: Subsets  # its predictions kept alone
    forced: Subsets  # all predictions made by it


class Mixture(Part):
    components: list[Component]
    largest_weight: float | None = None  # mean of the largest mixing weight, 0 to 1
    collapsed: bool  # one component makes more than 95 % of the predictions
    front: int | None = (
        None  # poses: the component with most of the left parts on the picture's right; None if all agree
    )
    back: int | None = None
    full: Subsets  # the whole model on each subset
    scale_correlation: float | None = None  # boxes: Pearson, of the component's rank by scale with the object's scale
    category_correlation: float | None = None
    scale_variance: float | None = None  # boxes: variance of log scale within components, weighted by their shares


class Seed(Part):
    seed: int
    modes: dict[Mode, Precision]
    training_images: dict[Mode, Precision] | None = None  # an overfit check: the images that it was trained on
    groups: dict[str, float] | None = None  # poses: AP by group of keypoints (pipeline/geometry/coco_keypoints.py)
    mixture: Mixture | None = None
    best: dict[str, float] | None = None  # {"epoch": ..., "ap": ...}: the epoch with the highest validation AP


class Truth(Part):
    """What the validation images' annotations alone say."""

    displaced: dict[str, dict[str, float]] | None = None  # poses: {"1": {group: AP}}, truth displaced by 1, 2, 3 px
    visible_keypoints: float | None = None  # share of annotated keypoints that are visible
    visible_face: float | None = None  # share of people of more than 5 annotated keypoints whose nose is visible
    visible_face_strict: float | None = None  # of at least 10
    scale: Quartiles | None = None  # boxes


class Data(Part):
    source: str  # synthetic or coco
    task: Literal["pose", "boxes"]
    train_images: int
    val_images: int
    train_objects: int
    val_objects: int
    input_size: int
    small_networks: bool = False


class Training(Part):
    epochs: float
    epochs_stated: float
    steps: int
    date: str
    own_recipe: bool = False  # trained as the preset says, not as the variant states


class DetectionMetrics(Part):
    """One detection variant's metrics file."""

    variant: str
    preset: str
    parameters: int | None = None
    data: Data | None = None
    training: Training | None = None
    truth: Truth | None = None
    seeds: list[Seed] = []
    # From the plan, not from the file, which a variant that is left out does not have:
    paper: str = ""
    title: str = ""
    status: Literal["run", "not run"] = "run"
    reason: str | None = None

    @property
    def ran(self) -> bool:
        return self.status == "run"
