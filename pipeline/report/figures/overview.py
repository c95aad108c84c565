"""Every variant's error at a glance: P1 and P2, in the papers' groups, with the rows that need no network."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.config import Run
from pipeline.report import inputs, published
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import style
from pipeline.report.metrics import HEADLINE, Results, Statistic
from pipeline.report.schema import GROUND_TRUTH

METRICS = {"mpjpe": "P1: MPJPE, mm", "p_mpjpe": "P2: P-MPJPE, mm"}
COLORS = {"sanity": style.GREY, "semgcn": style.BLUE, "graphmdn": style.VERMILION, "hgn": style.GREEN}
BEST = ("oracle", "oracle_200")  # the best of a mixture's kernels, of an auto-encoder's samples
GAP = 0.7  # between papers, in bars
OPACITY = {True: 0.85, False: 0.5}  # given the true 2D joints, or detections


def draw(run: Run, results: Results) -> Figure:
    """Bars are each variant's own prediction; a ring is its best hypothesis, chosen by who knows the truth."""
    if not any(metrics.ran for metrics in results.variants.values()):
        raise NotRunError("no variant was run")
    places = _places(run, results)
    bars = {name: place for name, place in places.items() if name in run.lifting_variants}
    figure = Figure(figsize=(style.WIDTH, 0.23 * max(places.values()) + 1.15), layout="constrained")
    for axes, (metric, title) in zip(figure.subplots(1, 2, sharey=True), METRICS.items(), strict=True):
        for variant, place in bars.items():
            _bar(axes, results, variant, metric, place, COLORS[run.variant(variant).paper])
        axes.set_title(title, loc="left")
        axes.set_xlim(0, 1.3 * _largest(results, metric))  # room for the numbers beside the bars
        axes.xaxis.grid(True, color=style.LIGHT, lw=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    axes.set_yticks(list(places.values()), [_label(run, results, name) if name in bars else name for name in places])
    axes.set_ylim(max(places.values()) + 0.6, -0.6)
    if any(_oracle(results, variant, "mpjpe") for variant in bars):
        label = "its best hypothesis (an oracle knows which)"
        axes.plot([], [], "o", color="white", markeredgecolor=style.BLACK, label=label)
        figure.legend(loc="outside lower right", fontsize=8)
    return figure


def _places(run: Run, results: Results) -> dict[str, float]:
    """Where each bar is, from the top: paper by paper, with a gap between them.

    What was not run has no bar; a line at the end of its paper says how many there are.
    """
    places: dict[str, float] = {}
    papers = dict.fromkeys(settings.paper for settings in run.lifting_variants.values())
    for number, paper in enumerate(papers):
        variants = [name for name, settings in run.lifting_variants.items() if settings.paper == paper]
        ran = [name for name in variants if results[name].ran]
        rest = (
            [f"({len(variants) - len(ran)} of {published.PAPERS.get(paper, paper)} not run)"]
            if len(ran) < len(variants)
            else []
        )
        for name in (*ran, *rest):
            places[name] = len(places) + GAP * number
    return places


def _label(run: Run, results: Results, variant: str) -> str:
    """The variant's title, with its input; where a title is used twice also the schedule that tells them apart."""
    settings = run.variant(variant)
    alike = [one for one in run.lifting_variants.values() if (one.title, one.input) == (settings.title, settings.input)]
    words = [settings.title]
    if len(alike) > 1 and settings.schedule.kind == "one_cycle":
        words.append("one-cycle")
    if results[variant].collapsed:
        words.append("collapsed")
    given = "" if settings.input == GROUND_TRUTH else f" ({inputs.short(settings.input)})"
    return ", ".join(words) + given


def _oracle(results: Results, variant: str, metric: str) -> Statistic | None:
    found = (results.error(variant, prediction, metric) for prediction in BEST)
    return next((error for error in found if error), None)


def _bar(axes: Axes, results: Results, variant: str, metric: str, place: float, color: str) -> None:
    metrics = results[variant]
    main = results.error(variant, metrics.seeds[0].main_prediction, metric)
    assert main is not None, f"{variant}: no {metric}"
    axes.barh(place, main.mean, height=0.68, color=color, alpha=OPACITY[metrics.input == GROUND_TRUTH])
    if main.sd:
        axes.errorbar(main.mean, place, xerr=main.sd, color=style.BLACK, lw=1, capsize=2)
    oracle = _oracle(results, variant, metric)
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
