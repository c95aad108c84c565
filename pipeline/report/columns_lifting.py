"""The columns of lifting variants' tables."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.report import inputs
from pipeline.report.columns import EPOCHS, SEEDS, About, Column, collapsed
from pipeline.report.evidence import Quantity
from pipeline.report.metrics import DetectionMetrics, Metrics, Statistic
from pipeline.report.quantities_lifting import (
    AUC,
    MPVPE,
    P1,
    P2,
    PCK,
    MPJPE_elsewhere,
    P1_best_on_test,
    P1_frames,
    P1_running,
    P2_best_on_test,
    P2_frames,
    P2_running,
    ambiguous,
    calibration,
    dead_non_local,
    depth_occluded,
    depth_ratio,
    depth_spread_px,
    depth_visible,
    hidden_joints,
    kernels_effective,
    largest_kernel_weight,
    nll,
    non_local_layers,
    pairwise_distance,
    parameters,
    reprojection_px,
    spread_depth,
    spread_x,
    spread_y,
)
from pipeline.report.readers_lifting import ACTORS, KINDS
from pipeline.report.render import NONE, Cell


def _setting(name: str) -> Callable[[Metrics | DetectionMetrics], Cell]:
    def cell(metrics: Metrics | DetectionMetrics) -> Cell:
        value = getattr(metrics, name)
        return (NONE if value is None else f"{value:g}",)

    return cell


def _input(metrics: Metrics | DetectionMetrics) -> Cell:
    assert isinstance(metrics, Metrics)
    return (inputs.of(metrics),)


def _kernels_used(metrics: Metrics | DetectionMetrics) -> Cell:
    """How many of a mixture's kernels weigh more than 5 % in a pose, on average, and whether the mixture collapsed."""
    assert isinstance(metrics, Metrics)
    mixtures = [seed.mixture for seed in metrics.seeds if seed.mixture]
    if not mixtures:
        return (NONE,)
    used = Statistic.of([mixture.components_used.over_5_percent_on_average for mixture in mixtures])
    return (f"{used.mean:.1f} of {mixtures[0].kernels}{collapsed(metrics.collapsed, len(mixtures))}",)


def _keypoints_off(metrics: Metrics | DetectionMetrics) -> Cell:
    assert isinstance(metrics, Metrics)
    off = metrics.data.input.mean_error_px if metrics.data else None
    return (NONE if off is None else f"{off:.1f}",)


INPUT = About(
    "2D input",
    ("input",),
    _input,
    "*2D input*: what the network was given in training and in testing. GT: the true joints, projected. SH: a stacked "
    "hourglass's detections. CPN: a cascaded pyramid network's. image: the image itself. `noise`: no detector ran, and "
    "noise on the true joints replaces it.",
    stated=True,
)
KEYPOINTS_OFF = About(
    "2D error, px",
    ("2D error px",),
    _keypoints_off,
    "*2D error*: how far the 2D joints that are lifted are from the true ones, in px of the camera's picture, on "
    "average over joints, test images and seeds.",
)
MESH_WEIGHT = About(
    "lambda_M",
    ("lambda_M",),
    _setting("mesh_weight"),
    "*lambda_M*: the weight of the loss on both coarse meshes (HGN, Eq. 4); the loss on the pose has 1. `-`: the "
    "network has no mesh, or the loss other weights.",
    stated=True,
)
CHANNELS = About("Channels", ("channels",), _setting("channels"), stated=True)
KERNELS_USED = About(
    "Kernels used",
    ("kernels used",),
    _kernels_used,
    "*Kernels used*: how many of a mixture's kernels have more than 5 % of the weight in a pose, averaged over test "
    "poses. `collapsed`: one kernel has more than 95 % of all weight, so that mean, highest and oracle hardly differ.",
)


def _single(heading: str, name: str, quantity: Quantity, at: str = "{of}") -> Column:
    return Column(heading, (quantity,), at, names=(name,), decimals=quantity.decimals)


def _scene(heading: str, field: str, at: str) -> Column:
    names = tuple(f"{name} {field}" for name in ("PCK", "AUC", "MPJPE"))
    return Column(f"{heading}: PCK / AUC / MPJPE", (PCK, AUC, MPJPE_elsewhere), at, names=names)


PARAMETERS_PRINTED = Column(  # in millions, to the digits that the papers print
    "Parameters, M", (parameters,), names=("parameters M",), form=lambda count: f"{count / 1e6:.2f}"
)
P1_MM = _single("P1, mm", "P1", P1)
P2_MM = _single("P2, mm", "P2", P2)
# Of one mixture, side by side.
P1_MEAN = _single("P1 mean, mm", "P1 mean", P1, "mean")
P1_HIGHEST = _single("P1 highest, mm", "P1 highest", P1, "highest")
P1_ORACLE = _single("P1 oracle, mm", "P1 oracle", P1, "oracle")
P2_MEAN = _single("P2 mean, mm", "P2 mean", P2, "mean")
P2_ORACLE = _single("P2 oracle, mm", "P2 oracle", P2, "oracle")
FRAMES = Column("P1 / P2, frame average", (P1_frames, P2_frames), names=("P1 frame average", "P2 frame average"))
BEST_ON_TEST = Column(
    "P1 / P2, best epoch on test",
    (P1_best_on_test, P2_best_on_test),
    names=("P1 best on test", "P2 best on test"),
)
RUNNING = Column(
    "P1 / P2, running statistics",
    (P1_running, P2_running),
    names=("P1 running statistics", "P2 running statistics"),
)
DEAD_NON_LOCAL = Column(
    "Non-local layers, dead / all",
    (dead_non_local, non_local_layers),
    names=("dead non-local layers", "non-local layers"),
    form=lambda count: f"{count:.3g}",  # a mean over seeds
)
AS_TRAINED = (RUNNING, FRAMES, BEST_ON_TEST, DEAD_NON_LOCAL, EPOCHS, SEEDS)
MPVPE_FINE = _single("MPVPE fine, mm", "MPVPE fine", MPVPE, "fine")
MPVPE_COARSE = _single("MPVPE coarse, mm", "MPVPE coarse", MPVPE, "coarse")
DEPTH = Column(
    "Depth error, seen / hidden joints, mm",
    (depth_visible, depth_occluded),
    names=("depth error seen", "depth error hidden"),
)
HIDDEN_JOINTS = _single("Hidden joints, %", "hidden joints %", hidden_joints)
KERNELS_EFFECTIVE = _single("Effective kernels", "kernels effective", kernels_effective)
LARGEST_WEIGHT = _single("Largest weight, %", "largest mean weight %", largest_kernel_weight)
NLL = _single("NLL, nats", "nll", nll)
CALIBRATION = _single("Calibration error, %", "calibration error %", calibration)
SPREAD = Column(
    "Spread x / y / depth, mm", (spread_x, spread_y, spread_depth), names=("spread x", "spread y", "spread depth")
)
PAIRWISE_DISTANCE = _single("Kernels apart, mm", "kernels apart", pairwise_distance)
AMBIGUOUS = _single("Ambiguous poses, %", "ambiguous %", ambiguous)
DEPTH_RATIO = _single("Variance, depth / across", "depth ratio", depth_ratio)
REPROJECTION = Column(
    "Reprojection / depth spread, px", (reprojection_px, depth_spread_px), names=("worst reprojection", "depth spread")
)
GREEN_SCREEN = _scene("Studio, green screen", "green screen", "green_screen")
NO_GREEN_SCREEN = _scene("Studio, no green screen", "no green screen", "no_green_screen")
OUTDOOR = _scene("Outdoor", "outdoor", "outdoor")
ALL_SCENES = _scene("All", "all", "all")
OF_ACTORS = tuple(_scene(f"Actor {name}", name, name) for name in ACTORS)
OF_KINDS = tuple(_scene(name, name, name) for name in KINDS)

# How a mixture is judged against others: what it uses, what it predicts, and how sure it is.
OF_A_MIXTURE = (
    KERNELS_USED,
    LARGEST_WEIGHT,
    P1_MEAN,
    P1_HIGHEST,
    P1_ORACLE,
    P2_MEAN,
    P2_ORACLE,
    NLL,
    CALIBRATION,
    SPREAD,
    EPOCHS,
    SEEDS,
)
