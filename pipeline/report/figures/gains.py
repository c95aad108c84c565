"""HGN, Figure 3: the error by joint and by action, of HGN and of its baseline."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.figures import shown, style
from pipeline.report.metrics import FRAMES, HEADLINE, Results, Statistic, action, joint

BASELINE, OURS = "semgcn_17", "hgn"
MODELS = {BASELINE: ("SemGCN", style.BLUE), OURS: ("HGN", style.VERMILION)}
JOINTS = HUMAN36M_17.names[1:]  # the root has no error
BAR = 0.38


def draw(evidence: Evidence) -> Figure:
    """Bars are means over seeds with their standard deviation. The number over a pair is what HGN gains."""
    shown.require(evidence, *MODELS)
    results = evidence.results
    figure = Figure(figsize=(style.WIDTH, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[len(JOINTS) + 2.0, max(len(results.actions), 6) + 2.0])
    _panel(left, results, {name: joint(name) for name in JOINTS}, FRAMES)
    left.set_title("P1 by joint, mm", loc="left")
    _panel(right, results, {name: action(name) for name in results.actions}, HEADLINE)
    right.set_title("P1 by action, mm", loc="left")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _panel(axes: Axes, results: Results, averages: dict[str, str], overall: str) -> None:
    """One pair of bars per joint or action, and after a gap the mean over all of them."""
    places = [*map(float, range(len(averages))), len(averages) + 0.6]
    names = [*averages, "overall"]
    keys = [*averages.values(), overall]
    highest = [0.0] * len(keys)
    for side, (variant, (label, color)) in zip((-0.5, 0.5), MODELS.items(), strict=True):
        found = [_error(results, variant, key) for key in keys]
        axes.bar(
            [place + side * BAR for place in places],
            [error.mean for error in found],
            BAR,
            yerr=[error.sd or 0.0 for error in found] if any(error.sd for error in found) else None,
            error_kw={"ecolor": style.BLACK, "elinewidth": 0.9, "capsize": 1.5},
            color=color,
            label=label,
        )
        axes.axhline(found[-1].mean, color=color, lw=0.9, ls=(0, (4, 2)), label=f"{label}, overall")
        highest = [max(high, error.mean + (error.sd or 0.0)) for high, error in zip(highest, found, strict=True)]
    top = max(highest)
    for place, key, high in zip(places, keys, highest, strict=True):
        gain = _error(results, BASELINE, key).mean - _error(results, OURS, key).mean
        words = axes.text(place, high + 0.02 * top, f"{gain:+.1f}", ha="center", va="bottom", rotation=90, fontsize=7)
        words.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85})  # over dashed lines
    axes.set_xticks(places, names, rotation=90)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.7, places[-1] + 0.7)
    axes.set_ylim(0, 1.16 * top)  # room for the gains
    style.grid(axes, "y")


def _error(results: Results, variant: str, average: str) -> Statistic:
    found = results.error(variant, "point", "mpjpe", average)
    if found is None:
        raise NotRunError(f"{variant} has no error of the {average} in its metrics file")
    return found
