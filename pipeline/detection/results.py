"""What a detection variant's metrics file holds: results/<preset>/metrics/<variant>.json.

The evaluation writes the file through these models; the report and MLflow read it through them. Nothing else knows its
keys. All AP, AR and shares are in percent. A file holds no times: two equal runs have equal files. Speed is in
data/<preset>/evaluate_detection/<variant>/speed.json: {mode: images per second}, `network` without decoding.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from pipeline.layout import Task

# How predictions are made. `plain`: largest component, one scale, no flip. `mean`: the components' weighted mean.
# `refined`: keypoints moved to peaks of the heatmaps. `flip`: averaged with the mirrored image's, as in the authors'
# code, which leaves keypoints 1.5 px of the input too far left. `flip_aligned`: without that error (poses).
# `scales_3`, `scales_5`: merged over test sizes, with flip.
Mode = Literal["plain", "mean", "refined", "flip", "flip_aligned", "flip_refined", "scales_3", "scales_5"]

# Subsets of the annotated people and keypoints (MDN offset, Table 2). Boxes have `all` only.
Subset = Literal["all", "visible_keypoints", "occluded_keypoints", "visible_face", "occluded_face"]
SUBSETS: tuple[Subset, ...] = get_args(Subset)

Number = int | float  # written as it is given: 3 epochs and 3.0 epochs are both read as a number


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Data(Part):
    """The images that the variant was trained and validated on."""

    source: str  # synthetic or coco
    task: Task
    train_images: int
    val_images: int
    train_objects: int
    val_objects: int
    train_digest: str | None = None  # SHA-256 of the annotation files
    val_digest: str | None = None
    input_size: int  # px
    small_networks: bool = False


class Training(Part):
    """How long the variant was trained, and how long its paper states."""

    epochs: Number
    epochs_stated: Number
    steps: int
    images: int | None = None
    batch_size: int | None = None
    date: str
    own_recipe: bool = False  # trained as the preset says, not as the variant states


class Quartiles(Part):
    """Quantiles of objects' scale, the square root of the area in px."""

    low: float  # 5th percentile
    first: float
    median: float
    third: float
    high: float  # 95th percentile
    share: float  # of all objects (predictions), in percent


class Truth(Part):
    """What the validation images' annotations alone say."""

    displaced: dict[str, dict[str, float]] | None = None  # poses: {px: {group: AP}}, keypoints moved by 1, 2, 3 px
    visible_keypoints: float | None = None  # share of annotated keypoints that are visible
    visible_face: float | None = None  # share of people of more than 5 annotated keypoints whose nose is visible
    visible_face_strict: float | None = None  # the same of people of at least 10
    scale: Quartiles | None = None  # boxes


class Precision(Part):
    """COCO's metric. The value of a size of object that the images lack is None."""

    ap: float
    ap_50: float
    ap_75: float
    ap_small: float | None = None  # boxes only
    ap_medium: float | None = None
    ap_large: float | None = None
    ar: float  # keypoints: 20 detections per image; boxes: 100


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


class Component(Part):
    """What one component does, from predictions of score 0.5 or more (`share_strict`: 0.7). None if there are none."""

    share: float | None = None
    share_strict: float | None = None
    sigma: Spread | None = None
    directions: Directions | None = None  # poses
    scale: Quartiles | None = None  # boxes
    back_views: float | None = None  # share of matched people seen from the back, where the data say so (made scenes)
    without: Precision  # its predictions ignored
    only: Subsets  # its predictions kept alone
    forced: Subsets  # all predictions made by it


class Mixture(Part):
    components: list[Component]
    largest_weight: float | None = None  # mean of the largest mixing weight, 0 to 1
    collapsed: bool  # one component makes more than 95 % of the predictions
    # Poses: the component that sees people from the front has their left parts on the image's right. None: all agree.
    front: int | None = None
    back: int | None = None
    full: Subsets  # the whole model on each subset
    scale_correlation: float | None = None  # boxes: Pearson, of the component's rank by scale with the object's scale
    category_correlation: float | None = None
    scale_variance: float | None = None  # boxes: variance of log scale within components, weighted by their shares


class Best(Part):
    """The epoch with the highest AP on the validation images."""

    epoch: Number
    ap: float


class Seed(Part):
    """One training. Everything is measured with renewed batch-norm statistics (pipeline/training/batch_norm.py).

    `running_statistics` has the mode `plain` without renewal; None of imported weights, which keep the statistics that
    their authors released.
    """

    seed: int
    modes: dict[Mode, Precision]
    training_images: dict[Mode, Precision] | None = None  # an overfit check: the images that it was trained on
    groups: dict[str, float] | None = None  # poses: AP by group of keypoints (pipeline/geometry/coco_keypoints.py)
    mixture: Mixture | None = None
    best: Best | None = None
    running_statistics: Precision | None = None  # as the authors' code evaluates


class DetectionResults(Part):
    """One detection variant's metrics file."""

    schema_: Literal[1] = Field(alias="schema")
    kind: Literal["detection"]
    variant: str
    preset: str
    parameters: int
    data: Data
    training: Training | None = None  # None: imported weights
    truth: Truth | None = None
    seeds: list[Seed] = Field(min_length=1)

    def as_json(self) -> dict[str, Any]:
        """The content of the file: the keys that were set, in the order of this module."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
