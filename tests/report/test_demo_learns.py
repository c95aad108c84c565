"""The committed run of `demo` shows what the papers are about: networks that have learned, mixtures that are mixtures.

A budget that is too small for that would pass every other test.
"""

from __future__ import annotations

import pytest
from repository import ROOT

from pipeline import artifacts
from pipeline.detection.results import DetectionResults
from pipeline.lifting.results import LiftingResults

METRICS = ROOT / "results" / "reference" / "demo" / "metrics"
KINDS = {
    path.stem: "detection" if '"kind"' in path.read_text()[:60] else "lifting"
    for path in sorted(METRICS.glob("*.json"))
}
USED = 0.05  # of the weight, or of the predictions of score 0.5 or more


def lifting(name: str) -> LiftingResults:
    return LiftingResults.model_validate(artifacts.read_json(METRICS / f"{name}.json"))


def detection(name: str) -> DetectionResults:
    return DetectionResults.model_validate(artifacts.read_json(METRICS / f"{name}.json"))


def p1(name: str, prediction: str) -> float:
    """The mean over seeds of P1 in mm, averaged action by action."""
    errors = [seed.predictions[prediction].mpjpe for seed in lifting(name).seeds]
    averages = [error.action_average for error in errors if error is not None]
    return sum(averages) / len(averages)


def names(kind: str) -> list[str]:
    """The run's variants of this kind, `lifting` or `detection`, that have a mixture."""
    read = {"lifting": lifting, "detection": detection}[kind]
    return [name for name, found in KINDS.items() if found == kind and read(name).seeds[0].mixture]


NETWORKS = ["semgcn", "fully_connected"]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_beats_linear_least_squares(network: str) -> None:
    assert p1(network, "point") < p1("linear_least_squares", "point")


def test_a_mixture_of_poses_has_two_components_and_an_oracle_that_gains_from_them() -> None:
    found = []
    for name in names("lifting"):
        mixtures = [seed.mixture for seed in lifting(name).seeds if seed.mixture]
        used = min(sum(weight > USED for weight in mixture.mean_weights) for mixture in mixtures)
        if used >= 2 and p1(name, "oracle") < p1(name, "mean") < p1("linear_least_squares", "point"):
            found.append(name)
    assert found, f"of {names('lifting')} none"


def test_a_mixture_of_detections_predicts_with_two_components() -> None:
    found = []
    for name in names("detection"):
        mixtures = [seed.mixture for seed in detection(name).seeds if seed.mixture]
        shares = [[component.share or 0.0 for component in mixture.components] for mixture in mixtures]  # percent
        if all(sum(share > 100 * USED for share in of_seed) >= 2 for of_seed in shares):
            found.append(name)
    assert found, f"of {names('detection')} none"
