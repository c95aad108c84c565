"""Every variant's error at a glance: P1 and P2, in the papers' groups, with the rows that need no network."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.params import Run
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import style
from pipeline.report.metrics import HEADLINE, Results, Statistic

METRICS = {"mpjpe": "P1: MPJPE, mm", "p_mpjpe": "P2: P-MPJPE, mm"}
COLORS = {"sanity": style.GREY, "semgcn": style.BLUE, "graphmdn": style.VERMILION}
GAP = 0.7  # between papers, in bars


def draw(run: Run, results: Results) -> Figure:
    """Bars are each variant's own prediction; a ring is a mixture's oracle, which knows the truth."""
    if not any(metrics.ran for metrics in results.variants.values()):
        raise NotRunError("no variant was run")
    places = _places(run)
    figure = Figure(figsize=(style.WIDTH, 0.23 * max(places.values()) + 1.15), layout="constrained")
    for axes, (metric, title) in zip(figure.subplots(1, 2, sharey=True), METRICS.items(), strict=True):
        for variant, place in places.items():
            _bar(axes, results, variant, metric, place, COLORS[run.variant(variant).paper])
        axes.set_title(title, loc="left")
        axes.set_xlim(0, 1.3 * _largest(results, metric))  # room for the numbers beside the bars
        axes.xaxis.grid(True, color=style.LIGHT, lw=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    axes.set_yticks(list(places.values()), [_label(run, results, variant) for variant in places])
    axes.set_ylim(max(places.values()) + 0.6, -0.6)
    if any(seed.mixture for metrics in results.variants.values() for seed in metrics.seeds):
        axes.plot(
            [], [], "o", color="white", markeredgecolor=style.BLACK, label="the mixture's oracle (knows the truth)"
        )
        figure.legend(loc="outside lower right", fontsize=8)
    return figure


def _places(run: Run) -> dict[str, float]:
    """Where each variant's bar is, from the top, with a gap between papers."""
    places: dict[str, float] = {}
    place, before = -1.0, None
    for variant, settings in run.lift_variants.items():
        place += 1.0 if before in (None, settings.paper) else 1.0 + GAP
        places[variant], before = place, settings.paper
    return places


def _label(run: Run, results: Results, variant: str) -> str:
    """The variant's title; GraphMDN's own SemGCNs say how they were trained, for they share SemGCN's titles."""
    settings = run.variant(variant)
    one_cycle = settings.paper == "graphmdn" and settings.head.name == "point"
    collapsed = ", collapsed" if results[variant].collapsed else ""
    return f"{settings.title}{', one-cycle' if one_cycle else ''}{collapsed}"


def _bar(axes: Axes, results: Results, variant: str, metric: str, place: float, color: str) -> None:
    metrics = results[variant]
    if not metrics.ran:
        axes.text(0, place, " not run", va="center", fontsize=7.5, color=style.GREY, style="italic")
        return
    main = results.error(variant, metrics.seeds[0].main_prediction, metric)
    assert main is not None, f"{variant}: no {metric}"
    axes.barh(place, main.mean, height=0.68, color=color, alpha=0.85)
    if main.sd:
        axes.errorbar(main.mean, place, xerr=main.sd, color=style.BLACK, lw=1, capsize=2)
    oracle = results.error(variant, "oracle", metric)
    axes.annotate(
        _words(main),
        (max(main.mean + (main.sd or 0.0), oracle.mean if oracle else 0.0), place),
        (5 if oracle else 3, 0),  # clear of the ring
        textcoords="offset points",
        va="center",
        fontsize=7.5,
    )
    if oracle:
        axes.plot(oracle.mean, place, "o", color="white", markeredgecolor=style.BLACK, markersize=4.5)


def _words(value: Statistic) -> str:
    return f"{value.mean:.1f}" if value.sd is None else f"{value.mean:.1f} ± {value.sd:.1f}"


def _largest(results: Results, metric: str) -> float:
    errors = results.summary.xs(metric, level="metric").xs(HEADLINE, level="average")
    return float((errors["mean"] + errors["std"].fillna(0.0)).max())
