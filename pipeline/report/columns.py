"""The columns that tables consist of: of quantities, or of what else there is to say of a variant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.detection.results import Component
from pipeline.detection.results import Mixture as ComponentMixture
from pipeline.report import components, inputs, published, render
from pipeline.report.evidence import Quantity
from pipeline.report.metrics import DetectionMetrics, Metrics, Statistic
from pipeline.report.published import Published
from pipeline.report.quantities_lifting import (
    AUC,
    MPVPE,
    P1,
    P2,
    PCK,
    MPJPE_elsewhere,
    P1_best_on_test,
    P1_frames,
    P2_best_on_test,
    P2_frames,
    ambiguous,
    calibration,
    depth_occluded,
    depth_ratio,
    depth_spread_px,
    depth_visible,
    hidden_joints,
    kernels_effective,
    largest_kernel_weight,
    nll,
    pairwise_distance,
    parameters,
    reprojection_px,
    spread_depth,
    spread_x,
    spread_y,
)
from pipeline.report.render import NONE, Cell, Value

BETWEEN = " / "  # the values of one column
COLLAPSED = "collapsed"


@dataclass(frozen=True)
class Column:
    """Values of quantities, and beside them what the paper prints.

    `heading`: `AP`, `AP / AR` or `All: AP / AR`, a name for each value. `values`: a quantity, or the name of one of
    the row's own `values`. `at`: the quantities' argument; `{of}` and `{c[0]}` are filled in by the row. `paper`:
    columns of the published table, `paper_row` its row, where `{paper}` is filled in by the row.
    """

    heading: str
    values: tuple[Quantity | str, ...]
    at: str | tuple[str, ...] = "{of}"  # one for all values, or one for each
    paper: tuple[str, ...] = ()
    paper_row: str = "{paper}"
    names: tuple[str, ...] = ()  # of the values in the CSV, if the heading does not name them
    decimals: int = 1
    spread: bool | None = None  # whether people read the ± too; by default only that of a single value
    server: bool = False  # of images that only COCO's server can judge: nothing is measured here
    form: Callable[[float], Value] | None = None  # how a number without spread is shown

    def __post_init__(self) -> None:
        assert len(self.fields) == len(self.values) >= len(self.paper), f"{self.heading}: as many names as values"

    @property
    def fields(self) -> tuple[str, ...]:
        """A name for each value: `All: AP / AR` gives `All AP` and `All AR`."""
        if self.names or len(self.values) == 1:
            return self.names or (self.heading,)
        start, colon, names = self.heading.rpartition(": ")
        return tuple(f"{start} {name}" if colon else name for name in names.split(BETWEEN))

    @property
    def headings(self) -> tuple[render.Column, ...]:
        """Of what was measured here, and of what is printed."""
        spread = len(self.values) == 1 if self.spread is None else self.spread
        here = render.Column(self.heading, self.fields, self.decimals, spread)
        if not self.paper:
            return (here,)
        words = BETWEEN.join(self.heading.removesuffix(", mm").split(BETWEEN)[: len(self.paper)])
        names = tuple(f"{field} paper" for field in self.fields[: len(self.paper)])
        return here, render.Column(f"{words}, paper", names)

    @property
    def places(self) -> tuple[str, ...]:
        """The argument of each value."""
        return self.at if isinstance(self.at, tuple) else (self.at,) * len(self.values)

    def printed(self, *paper: str, row: str = "{paper}") -> Column:
        """The same with what the paper prints beside it."""
        return replace(self, paper=paper, paper_row=row)


@dataclass(frozen=True)
class About:
    """A column of what is no quantity: words, and counts of what was done."""

    heading: str
    names: tuple[str, ...]
    cell: Callable[[Metrics | DetectionMetrics], Cell]
    note: str = ""  # what it means
    stated: bool = False  # known whether the variant was run or not

    @property
    def headings(self) -> tuple[render.Column, ...]:
        return (render.Column(self.heading, self.names),)


@dataclass(frozen=True)
class Repository:
    """What the authors state in their repository."""

    @property
    def headings(self) -> tuple[render.Column, ...]:
        return (render.Column("P1 / P2, authors' repository", ("P1 repository", "P2 repository")),)

    def cell(self, numbers: Published, row: str | None) -> Cell:
        if row:
            numbers.require_row(published.REPOSITORIES, row)
        cells = (numbers.cell(published.REPOSITORIES, row, f"Protocol #{number}") for number in (1, 2))
        return tuple(value or NONE for value in cells)


REPOSITORY = Repository()
AnyColumn = Column | About | Repository


# --- about a variant --------------------------------------------------------------------------------------------------


def _epochs(metrics: Metrics | DetectionMetrics) -> Cell:
    training = metrics.training
    if training is None or not metrics.trained_here:
        return (NONE, NONE)
    return (f"{training.epochs:g}", f"{training.epochs_stated:g}")


def _seeds(metrics: Metrics | DetectionMetrics) -> Cell:
    return (len(metrics.seeds) if metrics.trained_here else NONE,)


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
    return (f"{used.mean:.1f} of {mixtures[0].kernels}{_collapsed(metrics.collapsed, len(mixtures))}",)


def _collapsed(count: int, seeds: int) -> str:
    """`, collapsed (2 of 3 seeds)`; nothing if no seed's mixture collapsed."""
    return f", {COLLAPSED}{f' ({count} of {seeds} seeds)' if seeds > 1 else ''}" if count else ""


def _of_components(value: Callable[[Component], float | None]) -> Callable[[Metrics | DetectionMetrics], Cell]:
    """A number of each component, averaged over seeds, from the most frequent component to the rarest: `71 / 29`."""

    def cell(metrics: Metrics | DetectionMetrics) -> Cell:
        mixtures = _mixtures(metrics)
        if not mixtures or len(mixtures[0].components) == 1:
            return (NONE,)
        return (BETWEEN.join(_mean(values) for values in _ranked(mixtures, value)),)

    return cell


def _mixtures(metrics: Metrics | DetectionMetrics) -> list[ComponentMixture]:
    assert isinstance(metrics, DetectionMetrics)
    return [seed.mixture for seed in metrics.seeds if seed.mixture]


def _ranked(mixtures: list[ComponentMixture], value: Callable[[Component], float | None]) -> list[list[float]]:
    """By rank of share: the number in the seeds that have it."""
    ranked: list[list[float]] = [[] for _ in mixtures[0].components]
    for mixture in mixtures:
        for values, index in zip(ranked, components.by_share(mixture), strict=True):
            found = value(mixture.components[index])
            values += [] if found is None else [found]
    return ranked


def _mean(values: list[float]) -> str:
    return f"{Statistic.of(values).mean:.0f}" if values else NONE


def _shares(metrics: Metrics | DetectionMetrics) -> Cell:
    (shares,) = _of_components(lambda part: part.share)(metrics)
    mixtures = _mixtures(metrics)
    collapsed = sum(mixture.collapsed for mixture in mixtures)
    return (shares if shares == NONE else f"{shares}{_collapsed(collapsed, len(mixtures))}",)


ORDER = "from the component that makes most predictions to the one that makes fewest, a mean over seeds"
EPOCHS = About(
    "Epochs, here / stated",
    ("epochs", "epochs stated"),
    _epochs,
    "*Epochs*: trained here / stated by the paper or by its authors' code.",
)
SEEDS = About(
    "Seeds",
    ("n",),
    _seeds,
    "*Seeds*: trainings that differ in nothing but the seed; ± is the standard deviation over them, where there are "
    "several (of cells with two numbers it is in the CSV).",
)
INPUT = About(
    "2D input",
    ("input",),
    _input,
    "*2D input*: what the network was given in training and in testing. GT: the true joints, projected. SH: a stacked "
    "hourglass's detections. CPN: a cascaded pyramid network's. `noise`: no detector ran, and noise on the true joints "
    "replaces it.",
    stated=True,
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
SHARES = About(
    "Shares of components, %",
    ("shares of components %",),
    _shares,
    f"*Shares of components*: of the predictions of score 0.5 or more, {ORDER}. `{COLLAPSED}`: one makes more than "
    "95 %.",
)
BACK_VIEWS = About(
    "Seen from the back, by component, %",
    ("seen from the back %",),
    _of_components(lambda part: part.back_views),
    f"*Seen from the back*: how many of the people that a component predicts show their back, {ORDER}. Only made "
    "images tell.",
)
SCALES = About(
    "Median scale, by component, px",
    ("median scales px",),
    _of_components(lambda part: part.scale.median if part.scale else None),
    f"*Median scale*: the square root of the area of the objects that a component predicts, {ORDER}.",
)

# --- of quantities, for tables of lifting variants --------------------------------------------------------------------


def _single(heading: str, name: str, quantity: Quantity, at: str = "{of}") -> Column:
    return Column(heading, (quantity,), at, names=(name,), decimals=quantity.decimals)


def _scene(heading: str, field: str, at: str) -> Column:
    names = tuple(f"{name} {field}" for name in ("PCK", "AUC", "MPJPE"))
    return Column(f"{heading}: PCK / AUC / MPJPE", (PCK, AUC, MPJPE_elsewhere), at, names=names)


PARAMETERS = Column("Parameters", (parameters,), names=("parameters",), form=int)
PARAMETERS_PRINTED = Column(  # in millions, to the digits that the papers print
    "Parameters, M", (parameters,), names=("parameters M",), form=lambda count: f"{count / 1e6:.2f}"
)
P1_MM = _single("P1, mm", "P1", P1)
P2_MM = _single("P2, mm", "P2", P2)
FRAMES = Column("P1 / P2, frame average", (P1_frames, P2_frames), names=("P1 frame average", "P2 frame average"))
BEST_ON_TEST = Column(
    "P1 / P2, best epoch on test",
    (P1_best_on_test, P2_best_on_test),
    names=("P1 best on test", "P2 best on test"),
)
AS_TRAINED = (FRAMES, BEST_ON_TEST, EPOCHS, SEEDS)
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


# --- of quantities, for tables of detection variants ------------------------------------------------------------------

PRINTED = {"AP": "AP", "AP50": "AP_50", "AP75": "AP_75", "APS": "AP_S", "APM": "AP_M", "APL": "AP_L"}


def precision(*quantities: Quantity, server: bool = False) -> tuple[Column, ...]:
    """A column for each, as the papers print them."""
    names = [quantity.heading or quantity.name for quantity in quantities]
    return tuple(
        Column(name, (quantity,), paper=(PRINTED[name],), server=server)
        for name, quantity in zip(names, quantities, strict=True)
    )


# --- what they mean ---------------------------------------------------------------------------------------------------

PAPER_NOTE = (
    "*Paper*: as printed there. `-`: there is no such number. `not run`: the variant was left out, or this was "
)
PAPER_NOTE += "not measured here."
REPOSITORY_NOTE = "*Authors' repository*: what they state in it instead (results/published/repositories.csv)."


def legend(columns: tuple[AnyColumn, ...], quantities: list[Quantity]) -> tuple[str, ...]:
    """What these columns and these quantities mean, each said once."""
    lines = [f"*{quantity.heading or quantity.name}*: {quantity.meaning}." for quantity in quantities]
    lines += [PAPER_NOTE]
    lines += [REPOSITORY_NOTE] if REPOSITORY in columns else []
    lines += [column.note for column in columns if isinstance(column, About) and column.note]
    return tuple(dict.fromkeys(lines))
