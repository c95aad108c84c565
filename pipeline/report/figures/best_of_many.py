"""GraphMDN's Table 3 as a figure: the error of the best hypothesis against the number of hypotheses."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from pipeline.report import published
from pipeline.report.actions import AVERAGE
from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.figures import shown, style
from pipeline.report.metrics import Results, Statistic
from pipeline.report.published import Published

TABLE = "graphmdn_table3"
PROTOCOLS = {"mpjpe": ("P1: MPJPE, mm", "Protocol #1"), "p_mpjpe": ("P2: P-MPJPE, mm", "Protocol #2")}


@dataclass(frozen=True)
class Line:
    """One model. By the number of hypotheses: its variant and prediction here, and its row in the published table."""

    label: str
    color: str
    marker: str
    here: dict[int, tuple[str, str]]
    paper: dict[int, str]


LINES = (
    Line(
        "mixture without a graph",
        style.GREY,
        "s",
        {5: ("mixture_without_graph_sh", "oracle"), 8: ("mixture_without_graph_8_sh", "oracle")},
        {5: "Li et al. [18] (5)", 8: "Li et al. [18] (8)"},
    ),
    Line(
        "variational auto-encoder",
        style.SKY,
        "^",
        {5: ("variational_autoencoder_sh", "oracle_5"), 200: ("variational_autoencoder_sh", "oracle_200")},
        {5: "Sharma et al. [25] (5)*", 200: "Sharma et al. [25] (200)"},
    ),
    Line(
        "GraphMDN",
        style.ORANGE,
        "D",
        {5: ("graphmdn_sh", "oracle"), 8: ("graphmdn_8_sh", "oracle"), 200: ("graphmdn_200_sh", "oracle")},
        {8: "Ours (8)"},
    ),
    Line(
        "GraphMDN (Wide)",
        style.VERMILION,
        "o",
        {
            5: ("graphmdn_wide_sh", "oracle"),
            8: ("graphmdn_wide_8_sh", "oracle"),
            200: ("graphmdn_wide_200_sh", "oracle"),
        },
        {5: "Ours (Wide, 5)", 200: "Ours (Wide, 200)"},
    ),
)


def draw(evidence: Evidence) -> Figure:
    """Lines over 5, 8 and 200 hypotheses, for both protocols. Dashed: as published."""
    if not any(shown.ran(evidence, [variant]) for line in LINES for variant, _ in line.here.values()):
        raise NotRunError("none of Table 3's models was run")
    numbers = published.read(evidence.run.root)
    figure = Figure(figsize=(style.WIDTH, 3.6), layout="constrained")
    for axes, (metric, (title, protocol)) in zip(figure.subplots(1, 2), PROTOCOLS.items(), strict=True):
        for line in LINES:
            _here(axes, evidence.results, line, metric)
            _published(axes, numbers, line, protocol)
        axes.set_title(f"{title}, of the best hypothesis", loc="left")
        axes.set_xscale("log")
        axes.set_xticks([5, 8, 200], ["5", "8", "200"])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("number of hypotheses")
        style.grid(axes, "y")
    axes.plot([], [], "--", color=style.BLACK, lw=1, label="as published")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(LINES) + 1)
    return figure


def _here(axes: Axes, results: Results, line: Line, metric: str) -> None:
    found = {count: results.error(variant, prediction, metric) for count, (variant, prediction) in line.here.items()}
    errors: dict[int, Statistic] = {count: error for count, error in found.items() if error}
    label = line.label if errors else f"{line.label} (not run)"
    axes.errorbar(
        list(errors),
        [error.mean for error in errors.values()],
        yerr=[error.sd or 0.0 for error in errors.values()],
        color=line.color,
        marker=line.marker,
        markersize=5,
        lw=1.6,
        capsize=2,
        label=label,
    )


def _published(axes: Axes, numbers: Published, line: Line, protocol: str) -> None:
    cells = {count: numbers.cell(TABLE, f"{row}|{protocol}", AVERAGE) for count, row in line.paper.items()}
    values = {count: float(cell) for count, cell in cells.items() if cell}
    axes.plot(
        list(values),
        list(values.values()),
        "--",
        color=line.color,
        marker=line.marker,
        markersize=4,
        markerfacecolor="white",
        lw=1,
    )
