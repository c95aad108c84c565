"""What a lifting variant's metrics file holds: results/<preset>/metrics/<variant>.json.

The evaluation writes the file through these models; the report and MLflow read it through them. Nothing else knows its
keys. All errors are in mm unless a name says otherwise. A file holds no times: two equal runs have equal files.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

GROUND_TRUTH = "ground_truth"  # the name of the 2D input that is projected from the true joints
EVERYWHERE = "all scenes"  # of another data set: all its scenes together

Number = int | float  # written as it is given: 3 epochs and 3.0 epochs are both read as a number


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Input(Part):
    """The 2D joints that were lifted, and how far they are from the true ones in pixels (None for the true ones)."""

    name: str = GROUND_TRUTH
    source: str = "projection"  # `noise` or `file` where they are not the true joints
    description: str | None = None
    mean_error_px: float | None = None
    median_error_px: float | None = None
    p95_error_px: float | None = None


class Data(Part):
    """The poses that the variant was trained and tested on."""

    source: str
    description: str | None = None
    frames_per_second: Number | None = None
    input: Input = Input()
    train_digest: str | None = None  # SHA-256 of the files
    test_digest: str | None = None
    train_poses: int
    test_poses: int
    actions: list[str]
    subjects_train: list[str] = []
    subjects_test: list[str] = []


class Training(Part):
    """How long the variant was trained, and how long its paper or its authors' code states."""

    epochs: Number
    epochs_stated: Number
    steps: int
    poses: int | None = None
    batch_size: int | None = None
    date: str


class Error(Part):
    """One error, averaged in several ways. An action without a test pose is left out."""

    action_average: float  # the mean over actions of each action's mean, as the papers print it
    frame_average: float  # the mean over all poses
    per_action: dict[str, float]
    per_joint: dict[str, float] = {}  # over all poses; a mesh has none
    per_subject: dict[str, float] = {}


class Prediction(Part):
    """MPJPE (Protocol 1) and P-MPJPE (Protocol 2) of one kind of prediction."""

    mpjpe: Error | None = None
    p_mpjpe: Error | None = None


class ComponentsUsed(Part):
    """How many kernels a mixture uses in a pose, averaged over poses."""

    mean_effective: float  # exp of the entropy of the weights
    over_5_percent_on_average: float
    selected_share: list[float] = []  # how often each kernel has the largest weight, 0 to 1


class Reprojection(Part):
    """How far projected hypotheses are from the 2D input, and their spread in depth for comparison, in pixels."""

    mean: float | None = None
    worst: float | None = None  # of the kernels with more than 5 % of the weight
    truth: float | None = None  # of the true pose
    depth_spread_px: float | None = None


class Mixture(Part):
    """What a mixture of K kernels predicts, averaged over test poses."""

    kernels: int
    level: str | None = None  # one mixture per pose, or per node
    nll: float | None = None  # nats, of the true pose in metres without the root
    calibration: dict[str, float] | None = None  # {p: share of true poses within the most likely p}
    components_used: ComponentsUsed
    mean_weights: list[float]  # [K]
    collapsed: bool  # one kernel has more than 95 % of the weight on average
    spread_mm: dict[str, float | None] = {}  # standard deviation of the kernels' means: x, y, depth
    pairwise_distance_mm: float | None = None  # between two kernels' means, averaged over joints, pairs and poses
    ambiguous_share: float | None = None  # 0 to 1: poses whose oracle P1 is below 0.8 of the mean's
    depth_ratio: float | None = None  # variance in depth over variance across the view, on ambiguous poses
    reprojection_px: Reprojection = Reprojection()


class Mesh(Part):
    mpvpe: Error  # mean distance of a real vertex from the fitted body's


class Meshes(Part):
    """The coarse meshes that a hierarchical network predicts beside the pose. A scale that it does not have is None."""

    coarse: Mesh | None = None  # M^C of the paper (HGN), on 48 nodes
    fine: Mesh | None = None  # M^{C-1}, on 96 nodes


class Depth(Part):
    """Absolute error along the camera's axis, of visible joints and of joints behind another part of the body."""

    visible_mm: float | None = None
    occluded_mm: float | None = None
    occluded_share: float | None = None  # of all joints, 0 to 1


class Loss(Part):
    train: float | None = None
    test: float | None = None


class Measures(Part):
    """On another data set: PCK at 150 mm and its AUC in percent, MPJPE, and the number of poses."""

    pck: float
    auc: float
    mpjpe: float
    poses: int


class Generalization(Part):
    """Results on poses of a data set that the variant was not trained on. What has no pose is left out."""

    data: str | None = None
    scenes: dict[str, Measures]  # of HDM05 by kind of motion
    subjects: dict[str, Measures] = {}  # of MPI-INF-3DHP by sequence
    everywhere: Measures = Field(alias="all")

    def value(self, scene: str, measure: str) -> float | None:
        """One measure of a scene or a subject, or of all scenes together. None if it has no pose."""
        found = self.everywhere if scene == EVERYWHERE else (self.scenes | self.subjects).get(scene)
        return None if found is None else float(getattr(found, measure))


ByPrediction = dict[str, dict[str, float]]  # action averages: {prediction: {protocol: mm}}


class BestOnTest(Part):
    """The epoch that did best on the test subjects, and the action averages of every prediction at that epoch.

    Like every validation and evaluation, the choice and the averages use renewed batch-norm statistics.
    """

    epoch: Number
    selected_by: str | None = None
    mpjpe: float | None = None  # of the main prediction
    p_mpjpe: float | None = None
    by_prediction: ByPrediction = {}


class NonLocalLayers(Part):
    """The non-local layers of a network. A dead one adds the same to the features of every training pose."""

    layers: int
    dead: int
    names: list[str] = []  # of the dead ones


class Seed(Part):
    """One training. Everything is measured with renewed batch-norm statistics (pipeline/training/batch_norm.py).

    `running_statistics` has the errors without renewal. It is None where nothing is renewed: without batch norms, and
    of imported weights, which keep the statistics that their authors released.
    """

    seed: int
    predictions: dict[str, Prediction]
    mixture: Mixture | None = None
    meshes: Meshes | None = None
    depth: Depth | None = None
    loss: Loss | None = None
    generalization: Generalization | None = None  # where the preset asks for it
    best_on_test: BestOnTest | None = None
    running_statistics: ByPrediction | None = None  # as the authors' code evaluates
    non_local: NonLocalLayers | None = None  # of a network that has such layers

    @property
    def main_prediction(self) -> str:
        """The prediction that a model is judged by: its one pose, or the mean of its mixture or of its samples."""
        return "point" if "point" in self.predictions else "mean"


class LiftingResults(Part):
    """One variant's metrics file."""

    schema_: Literal[1] = Field(alias="schema")
    variant: str
    preset: str
    parameters: int
    data: Data
    training: Training | None = None  # None: imported weights
    seeds: list[Seed] = Field(min_length=1)

    def as_json(self) -> dict[str, Any]:
        """The content of the file: the keys that were set, in the order of this module."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
