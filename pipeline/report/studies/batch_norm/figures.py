"""The figure of the study of batch norm: the gap by epoch, a line for every seed."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.figures import Drawing, shown, style
from pipeline.report.studies.batch_norm.tables import NETWORKS
from pipeline.report.studies.batch_norm.validations import gaps

TITLES = {
    "semgcn": "SemGCN, step",
    "semgcn_frozen_biases": "SemGCN, frozen",
    "semgcn_one_cycle": "SemGCN, one-cycle",
    "resgcn": "ResGCN",
    "fully_connected": "FC",
}


def draw(evidence: Evidence) -> Figure:
    """A panel for every network. Raises NotRunError if none was run."""
    ran = shown.ran(evidence, NETWORKS)
    if not ran:
        raise NotRunError(f"none of {', '.join(NETWORKS)} was run")
    figure = Figure(figsize=(style.WIDTH, 2.9), layout="constrained")
    for axes, variant in zip(figure.subplots(1, len(ran), sharey=True, squeeze=False)[0], ran, strict=True):
        for place, seed in enumerate(evidence.results[variant].seeds):
            gap = gaps(evidence, variant, seed.seed)
            axes.plot(gap.index, gap, "o-", color=style.component_color(place), lw=1.4, markersize=4)
        axes.axhline(0.0, color=style.GREY, lw=0.8)
        axes.set_title(TITLES[variant], loc="left")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        style.grid(axes, "y")
    figure.supylabel("running less renewed, P1, mm", fontsize=9)
    return figure


FIGURES = (
    Drawing(
        "batch_norm_gap",
        "The gap by epoch",
        "What batch norm's running statistics add to P1, in mm, after every epoch: the error with running statistics "
        "less that with statistics renewed from training poses, of the same weights. One line per seed; the data, the "
        "epochs and the steps are those named at the top of this page.",
        draw,
    ),
)
