"""The columns of detection variants' tables."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.detection.results import Component
from pipeline.detection.results import Mixture as ComponentMixture
from pipeline.report import components
from pipeline.report.columns import BETWEEN, COLLAPSED, About, Column, collapsed
from pipeline.report.evidence import Quantity
from pipeline.report.metrics import DetectionMetrics, Metrics, Statistic
from pipeline.report.quantities_detection import AP_running, AR_running
from pipeline.report.render import NONE, Cell


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
    count = sum(mixture.collapsed for mixture in mixtures)
    return (shares if shares == NONE else f"{shares}{collapsed(count, len(mixtures))}",)


ORDER = "from the component that makes most predictions to the one that makes fewest, a mean over seeds"
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
RUNNING = Column(
    "AP / AR, running statistics",
    (AP_running, AR_running),
    names=("AP running statistics", "AR running statistics"),
)
PRINTED = {"AP": "AP", "AP50": "AP_50", "AP75": "AP_75", "APS": "AP_S", "APM": "AP_M", "APL": "AP_L"}


def precision(*quantities: Quantity, server: bool = False) -> tuple[Column, ...]:
    """A column for each, as the papers print them."""
    names = [quantity.heading or quantity.name for quantity in quantities]
    return tuple(
        Column(name, (quantity,), paper=(PRINTED[name],), server=server)
        for name, quantity in zip(names, quantities, strict=True)
    )
