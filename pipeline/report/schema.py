"""What a variant's metrics file holds, results/<preset>/metrics/<variant>.json: its schema, checked when it is read.

Keys that nobody in this room reads are let through.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from pipeline.report.generalization import Generalization

GROUND_TRUTH = "ground_truth"


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Error(Part):
    """One error in mm, averaged in several ways. An action without a test pose is left out."""

    action_average: float
    frame_average: float
    per_action: dict[str, float]
    per_joint: dict[str, float] = {}  # over all frames; a mesh has none


class Prediction(Part):
    mpjpe: Error | None = None
    p_mpjpe: Error | None = None


class ComponentsUsed(Part):
    mean_effective: float
    over_5_percent_on_average: float


class Reprojection(Part):
    """How far hypotheses lie from the input in the picture; the yardstick is their spread along depth, in pixels."""

    mean: float | None = None
    worst: float | None = None
    depth_spread_px: float | None = None


class Mixture(Part):
    kernels: int
    nll: float | None = None
    calibration: dict[str, float] | None = None
    components_used: ComponentsUsed
    mean_weights: list[float]
    collapsed: bool  # one kernel has more than 95 % of the weight on average
    spread_mm: dict[str, float | None] = {}
    ambiguous_share: float | None = None
    depth_ratio: float | None = None
    pairwise_distance_mm: float | None = None  # of two kernels' means, averaged over joints and poses
    reprojection_px: Reprojection = Reprojection()


class Mesh(Part):
    mpvpe: Error  # mean distance of a real vertex from the fitted body's


class Meshes(Part):
    """The coarse meshes that a hierarchical network gives beside the pose; a scale that it does not have is None."""

    coarse: Mesh | None = None  # M^C, on 48 nodes
    fine: Mesh | None = None  # M^{C-1}, on 96


class Depth(Part):
    """Absolute error along the camera's axis, of joints in plain sight and of those behind a part of the body."""

    visible_mm: float | None = None
    occluded_mm: float | None = None
    occluded_share: float | None = None  # of all joints, 0 to 1


class Loss(Part):
    train: float | None = None
    test: float | None = None


class BestOnTest(Part):
    """The epoch that did best on the test subjects, and the action averages of every prediction there."""

    epoch: float
    by_prediction: dict[str, dict[str, float]] = {}


class Seed(Part):
    seed: int
    predictions: dict[str, Prediction]
    mixture: Mixture | None = None
    meshes: Meshes | None = None  # of a network without mesh graphs there are none
    depth: Depth | None = None
    loss: Loss | None = None
    best_on_test: BestOnTest | None = None
    generalization: Generalization | None = None  # another data set's test poses, where the preset asks for them

    @property
    def main_prediction(self) -> str:
        """What a model is judged by: its one pose, or the mean of its mixture or of its samples."""
        return "point" if "point" in self.predictions else "mean"


class Input(Part):
    """The 2D joints that were lifted, and how far they lie from the true ones in pixels (None for the true ones)."""

    name: str = GROUND_TRUTH
    source: str = "projection"  # `noise` or `file` where they are no ground truth
    description: str | None = None
    mean_error_px: float | None = None


class Data(Part):
    source: str
    train_poses: int
    test_poses: int
    actions: list[str]
    frames_per_second: float | None = None
    input: Input = Input()  # files from before there were detections have none


class Training(Part):
    epochs: float
    epochs_stated: float
    steps: int
    date: str


class Metrics(Part):
    """One variant's metrics file."""

    variant: str
    preset: str
    parameters: int | None = None
    data: Data | None = None
    training: Training | None = None
    seeds: list[Seed] = []
    # From the plan, not from the file, which a variant that is left out does not have:
    paper: str = ""
    title: str = ""
    status: Literal["run", "not run"] = "run"
    reason: str | None = None
    closed_form: bool = False  # fitted in one go
    imported: bool = False  # the authors' weights
    input: str = GROUND_TRUTH  # the 2D joints that it is given, by name
    mesh_weight: float | None = None  # lambda_M, where there is such a weight
    channels: int | None = None  # of a graph network

    @model_validator(mode="after")
    def _a_run_is_complete(self) -> Metrics:
        needed = ("data", "seeds") if self.imported else ("data", "training", "seeds")
        missing = [name for name in needed if not getattr(self, name)]
        if self.ran and missing:
            raise ValueError(f"{missing[0]} is missing though the variant was run")
        if self.ran and self.data and self.data.input.name != self.input:
            raise ValueError(f"data.input: is {self.data.input.name}, params.yaml says {self.input}")
        return self

    @property
    def ran(self) -> bool:
        return self.status == "run"

    @property
    def trained_here(self) -> bool:
        """Whether it was trained: seeds, epochs and a budget mean nothing for a closed form or for imported weights."""
        return self.ran and not self.closed_form and not self.imported

    @property
    def collapsed(self) -> int:
        """How many seeds ended with a collapsed mixture."""
        return sum(seed.mixture.collapsed for seed in self.seeds if seed.mixture)

    @property
    def full_budget(self) -> bool:
        """Whether it trained for as many epochs as its paper or the authors' code states."""
        return self.training is not None and self.training.epochs >= self.training.epochs_stated
