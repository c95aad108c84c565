"""AP of every detection variant that was run, at a glance: people and objects, with each paper's addition as a ring."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.config import Run
from pipeline.report.detection_metrics import DetectionResults
from pipeline.report.detection_schema import Mode
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import detection_parts, style
from pipeline.report.metrics import Statistic

# task: (heading, mode of the ring, what the ring is)
PANELS: dict[str, tuple[str, Mode, str]] = {
    "pose": ("People: AP of keypoints, %", "refined", "keypoints moved to heatmap peaks"),
    "boxes": ("Objects: AP of boxes, %", "flip", "averaged with the mirror image"),
}
BASE, SINGLE, MIXTURE = style.GREY, style.SKY, style.VERMILION
KINDS = {"L1": BASE, "one Gaussian": SINGLE, "mixture": MIXTURE}


def draw(run: Run, detection: DetectionResults) -> Figure:
    """Bars are the plain test: largest component, one scale, no flip."""
    panels = {task: _ran(run, detection, task) for task in PANELS}
    panels = {task: variants for task, variants in panels.items() if variants}
    if not panels:
        raise NotRunError("no detection variant was run")
    rows = [len(variants) + 1.4 for variants in panels.values()]
    figure = Figure(figsize=(style.WIDTH, 0.25 * sum(rows) + 0.5 * len(rows) + 0.45), layout="constrained")
    grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=rows, sharex=True)[:, 0]
    for axes, (task, variants) in zip(grid, panels.items(), strict=True):
        heading, mode, _ = PANELS[task]
        for place, variant in enumerate(variants):
            _bar(axes, run, detection, variant, mode, place)
        everything = [name for name, settings in run.detection_variants.items() if settings.task == task]
        labels = [run.detection_variant(name).title for name in variants]
        if rest := len(everything) - len(variants):
            labels.append(f"({rest} of {len(everything)} not run)")
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_title(heading, loc="left")
        axes.xaxis.grid(True, color=style.LIGHT, lw=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(left=0)
    grid[0].set_xlim(0, min(112.0, 1.12 * max(axes.dataLim.x1 for axes in grid)))
    _key(figure, grid[-1], list(panels))
    return figure


def _ran(run: Run, detection: DetectionResults, task: str) -> list[str]:
    names = [name for name, settings in run.detection_variants.items() if settings.task == task]
    return [
        name for name in detection_parts.ran(detection, names) if detection_parts.precision(detection, name, "plain")
    ]


def _key(figure: Figure, axes: Axes, tasks: list[str]) -> None:
    for label, color in KINDS.items():
        axes.barh([0], [0], color=color, label=label)
    words = "; ".join(f"{'people' if task == 'pose' else 'objects'}: {PANELS[task][2]}" for task in tasks)
    axes.plot([], [], "o", color="white", markeredgecolor=style.BLACK, label=words)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=4, fontsize=8, columnspacing=1.2)


def _bar(axes: Axes, run: Run, detection: DetectionResults, variant: str, mode: Mode, place: int) -> None:
    main = detection_parts.precision(detection, variant, "plain")
    assert main is not None, f"{variant}: no plain test"
    head = run.detection_variant(variant).head
    color = BASE if not head.components else SINGLE if head.total_components == 1 else MIXTURE
    axes.barh(place, main.mean, height=0.68, color=color, alpha=0.85)
    if main.sd:
        axes.errorbar(main.mean, place, xerr=main.sd, color=style.BLACK, lw=1, capsize=2)
    more = detection_parts.precision(detection, variant, mode)
    if more:
        axes.plot(more.mean, place, "o", color="white", markeredgecolor=style.BLACK, markersize=4.5)
    right = max(main.mean + (main.sd or 0.0), more.mean if more else 0.0)
    axes.annotate(
        _words(main) + _collapsed(detection, variant),
        (right, place),
        (5 if more else 3, 0),  # clear of the ring
        textcoords="offset points",
        va="center",
        fontsize=7.5,
    )


def _words(value: Statistic) -> str:
    return f"{value.mean:.1f}" if value.sd is None else f"{value.mean:.1f} ± {value.sd:.1f}"


def _collapsed(detection: DetectionResults, variant: str) -> str:
    """Of how many seeds one component makes nearly all predictions."""
    collapsed = [bool(seed.mixture and seed.mixture.collapsed) for seed in detection[variant].seeds]
    if not any(collapsed):
        return ""
    return ", collapsed" if len(collapsed) == 1 else f", {sum(collapsed)} of {len(collapsed)} collapsed"
