"""How all figures look and how they are written. The same data give the same bytes; no display is needed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline import artifacts

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLACK, ORANGE, SKY, GREEN = "#222222", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, LIGHT = "#6E6E6E", "#E4E4E4"
# Colours of a mixture's components, in this order in every figure.
COMPONENTS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, "#8C6D31", YELLOW, BLACK, "#A9A9A9")

WIDTH = 9.0  # inches: just wider than a page on GitHub, at 110 dots per inch
DOTS_PER_INCH = 150

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine has it
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.0,
    "axes.edgecolor": GREY,
    "axes.labelcolor": BLACK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": BLACK,
    "ytick.labelcolor": BLACK,
    "text.color": BLACK,
    "legend.frameon": False,
    "figure.facecolor": "white",  # not transparent: GitHub may be dark
    "savefig.facecolor": "white",
    "svg.hashsalt": "mixpose",  # names inside the SVG do not change from run to run
    "svg.fonttype": "path",
}


def applied() -> AbstractContextManager[None]:
    """A context in which figures look as SETTINGS say. The user's own matplotlibrc has no effect."""
    return matplotlib.style.context(["default", SETTINGS])


def write(figure: Figure, folder: Path, name: str) -> None:
    """Write <folder>/<name>.png and .svg, without date or version."""
    with applied():
        _save(figure, folder / f"{name}.png", dpi=DOTS_PER_INCH, metadata={"Software": None})
        _save(figure, folder / f"{name}.svg", metadata={"Date": None, "Creator": None})


def _save(figure: Figure, path: Path, **options: Any) -> None:
    try:
        with artifacts.atomic(path) as part:
            figure.savefig(part, format=path.suffix[1:], **options)
    except OSError as error:  # a full disk; the process that called this one learns nothing but the error
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


def grid(axes: Axes, axis: Literal["x", "y", "both"]) -> None:
    """Pale grid lines behind the data."""
    axes.grid(axis=axis, which="major", color=LIGHT, lw=0.8)
    axes.set_axisbelow(True)


def rows(axes: Axes) -> None:
    """For a chart with one row per variant: vertical grid lines, and names without ticks."""
    grid(axes, "x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def bare(axes: Axes) -> None:
    """Hide ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def component_color(component: int) -> str:
    """The colour of a mixture's component, counted from 0."""
    return COMPONENTS[component % len(COMPONENTS)]
