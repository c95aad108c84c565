"""All variants at a glance: the errors of lifting networks, and the AP of detection networks."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.config import Run
from pipeline.detection.results import Mode
from pipeline.lifting.results import GROUND_TRUTH
from pipeline.report import inputs
from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.figures import Drawing, shown, style
from pipeline.report.metrics import HEADLINE, DetectionResults, Results, Statistic
from pipeline.report.papers import PAPERS

# --- lifting ----------------------------------------------------------------------------------------------------------

METRICS = {"mpjpe": "P1: MPJPE, mm", "p_mpjpe": "P2: P-MPJPE, mm"}
COLORS = {"sanity": style.GREY, "semgcn": style.BLUE, "graphmdn": style.VERMILION, "hgn": style.GREEN}
BEST = ("oracle", "oracle_200")  # the best of a mixture's kernels, of an auto-encoder's samples
GAP = 0.7  # between papers, in bars
OPACITY = {True: 0.85, False: 0.5}  # whether the input is the true 2D joints


def draw_lifting(evidence: Evidence) -> Figure:
    """P1 and P2 of each variant's own prediction as bars, grouped by paper; the best hypothesis as a ring."""
    run, results = evidence.run, evidence.results
    if not any(metrics.ran for metrics in results.variants.values()):
        raise NotRunError("no variant was run")
    places = _places(run, results)
    bars = {name: place for name, place in places.items() if name in run.lifting_variants}
    figure = Figure(figsize=(style.WIDTH, 0.23 * max(places.values()) + 1.15), layout="constrained")
    for axes, (metric, title) in zip(figure.subplots(1, 2, sharey=True), METRICS.items(), strict=True):
        for variant, place in bars.items():
            metrics = results[variant]
            main = results.error(variant, metrics.seeds[0].main_prediction, metric)
            assert main is not None, f"{variant}: no {metric}"
            color, opacity = (
                COLORS.get(run.variant(variant).paper, style.PURPLE),
                OPACITY[metrics.input == GROUND_TRUTH],
            )
            _bar(axes, place, main, _oracle(results, variant, metric), color, opacity)
        axes.set_title(title, loc="left")
        axes.set_xlim(0, 1.3 * _largest(results, metric))  # room for the numbers beside the bars
        style.rows(axes)
    axes.set_yticks(list(places.values()), [_label(run, results, name) if name in bars else name for name in places])
    axes.set_ylim(max(places.values()) + 0.6, -0.6)
    if any(_oracle(results, variant, "mpjpe") for variant in bars):
        _ring(axes, [], [], label="its best hypothesis (an oracle knows which)")
        figure.legend(loc="outside lower right", fontsize=8)
    return figure


def _places(run: Run, results: Results) -> dict[str, float]:
    """The place of each bar from the top, paper by paper with a gap between them.

    A variant that was not run has no bar; the last line of its paper says how many there are. Nor has a 2D network.
    """
    places: dict[str, float] = {}
    papers = dict.fromkeys(settings.paper for settings in run.lifting_variants.values())
    titles = {paper.key: paper.title for paper in PAPERS}
    for number, paper in enumerate(papers):
        variants = [name for name, settings in run.lifting_variants.items() if settings.paper == paper]
        ran = [name for name in variants if results[name].ran]
        rest = len(variants) - len(ran)
        missing = [f"({rest} of {titles.get(paper, paper)} not run)"] if rest else []
        lifting = [name for name in ran if results.error(name, results[name].seeds[0].main_prediction, "mpjpe")]
        for name in (*lifting, *missing):
            places[name] = len(places) + GAP * number
    return places


def _label(run: Run, results: Results, variant: str) -> str:
    """The variant's title and input. If two variants have the same title, also the schedule that differs."""
    settings = run.variant(variant)
    alike = [one for one in run.lifting_variants.values() if (one.title, one.input) == (settings.title, settings.input)]
    words = [settings.title]
    if len(alike) > 1 and settings.schedule and settings.schedule.kind == "one_cycle":
        words.append("one-cycle")
    if results[variant].collapsed:
        words.append("collapsed")
    given = "" if settings.input == GROUND_TRUTH else f" ({inputs.short(settings.input)})"
    return ", ".join(words) + given


def _oracle(results: Results, variant: str, metric: str) -> Statistic | None:
    found = (results.error(variant, prediction, metric) for prediction in BEST)
    return next((error for error in found if error), None)


def _largest(results: Results, metric: str) -> float:
    found = [values for key, values in results.errors.items() if key[2:] == (metric, HEADLINE)]
    errors = [Statistic.of(list(values.values())) for values in found]
    return max(error.mean + (error.sd or 0.0) for error in errors)


# --- detection --------------------------------------------------------------------------------------------------------

# task: (heading, mode of the ring, what the ring is)
PANELS: dict[str, tuple[str, Mode, str]] = {
    "pose": ("People: AP of keypoints, %", "refined", "keypoints moved to heatmap peaks"),
    "boxes": ("Objects: AP of boxes, %", "flip", "averaged with the mirror image"),
}
BASE, SINGLE, MIXTURE = style.GREY, style.SKY, style.VERMILION
KINDS = {"L1": BASE, "one Gaussian": SINGLE, "mixture": MIXTURE}


def draw_detection(evidence: Evidence) -> Figure:
    """AP of the plain test as bars (largest component, one scale, no flip); each paper's addition as a ring."""
    run, detection = evidence.run, evidence.detection
    panels = {task: variants for task in PANELS if (variants := _tested(evidence, task))}
    if not panels:
        raise NotRunError("no detection variant was run")
    rows = [len(variants) + 1.4 for variants in panels.values()]
    figure = Figure(figsize=(style.WIDTH, 0.25 * sum(rows) + 0.5 * len(rows) + 0.45), layout="constrained")
    grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=rows, sharex=True)[:, 0]
    for axes, (task, variants) in zip(grid, panels.items(), strict=True):
        heading, mode, _ = PANELS[task]
        for place, variant in enumerate(variants):
            main = shown.precision(detection, variant, "plain")
            assert main is not None, f"{variant}: no plain test"
            refined = shown.precision(detection, variant, mode)
            _bar(axes, place, main, refined, _color(run, variant), words=_collapsed(detection, variant))
        everything = [name for name, settings in run.detection_variants.items() if settings.task == task]
        labels = [run.detection_variant(name).title for name in variants]
        if rest := len(everything) - len(variants):
            labels.append(f"({rest} of {len(everything)} not run)")
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_title(heading, loc="left")
        style.rows(axes)
        axes.set_xlim(left=0)
    grid[0].set_xlim(0, min(112.0, 1.12 * max(axes.dataLim.x1 for axes in grid)))
    for label, color in KINDS.items():
        axes.barh([0], [0], color=color, label=label)
    rings = "; ".join(f"{'people' if task == 'pose' else 'objects'}: {PANELS[task][2]}" for task in panels)
    _ring(axes, [], [], label=rings)
    handles = axes.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower left", ncols=4, fontsize=8, columnspacing=1.2)
    return figure


def _tested(evidence: Evidence, task: str) -> list[str]:
    names = [name for name, settings in evidence.run.detection_variants.items() if settings.task == task]
    ran = shown.ran(evidence, names)
    return [name for name in ran if shown.precision(evidence.detection, name, "plain")]


def _color(run: Run, variant: str) -> str:
    head = run.detection_variant(variant).head
    return BASE if not head.components else SINGLE if head.total_components == 1 else MIXTURE


def _collapsed(detection: DetectionResults, variant: str) -> str:
    """In how many seeds one component makes nearly all predictions."""
    collapsed = [bool(seed.mixture and seed.mixture.collapsed) for seed in detection[variant].seeds]
    if not any(collapsed):
        return ""
    return ", collapsed" if len(collapsed) == 1 else f", {sum(collapsed)} of {len(collapsed)} collapsed"


# --- one bar ----------------------------------------------------------------------------------------------------------


def _bar(
    axes: Axes,
    place: float,
    main: Statistic,
    ring: Statistic | None,
    color: str,
    opacity: float = 0.85,
    words: str = "",
) -> None:
    """A horizontal bar with its standard deviation over seeds, a ring for a second value, and the number beside it."""
    axes.barh(place, main.mean, height=0.68, color=color, alpha=opacity)
    if main.sd:
        axes.errorbar(main.mean, place, xerr=main.sd, color=style.BLACK, lw=1, capsize=2)
    if ring:
        _ring(axes, ring.mean, place)
    number = f"{main.mean:.1f}" if main.sd is None else f"{main.mean:.1f} ± {main.sd:.1f}"
    axes.annotate(
        number + words,
        (max(main.mean + (main.sd or 0.0), ring.mean if ring else 0.0), place),
        (5 if ring else 3, 0),  # clear of the ring
        textcoords="offset points",
        va="center",
        fontsize=7.5,
    )


def _ring(axes: Axes, x: float | list, y: float | list, label: str | None = None) -> None:
    size = 4.5 if label is None else None
    axes.plot(x, y, "o", color="white", markeredgecolor=style.BLACK, markersize=size, label=label)


# --- the figures of all papers ----------------------------------------------------------------------------------------

OVERVIEWS = (
    Drawing(
        "overview",
        "Overview of the lifting networks",
        "Error of every variant that was run, averaged action by action, after the last epoch. For a mixture or an "
        "auto-encoder the bar is the mean of its hypotheses, and the ring the best of them, which can only be chosen "
        "with the truth. Paler bars (SH, CPN): the input is detections, or noise in their place, not true 2D joints.",
        draw_lifting,
    ),
    Drawing(
        "detection_overview",
        "Overview of the detection networks",
        "AP on the validation images of every variant that was run, after the last epoch. Bars: the plain test (the "
        "most probable component alone, one scale, no mirror image), with the standard deviation if there are several "
        "seeds. Rings: the same network with keypoints moved to the peaks of their heatmaps (people) or averaged with "
        "the mirror image (objects).",
        draw_detection,
    ),
)
