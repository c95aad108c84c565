"""The papers' claims: which there are, and how a run of known numbers is judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_made import Maker

from pipeline.artifacts import InputError
from pipeline.report import claims, metrics
from pipeline.report.claims import Claims, Verdict
from pipeline.report.evidence import QUANTITIES, Expression

GRAPHMDN = (1, *range(3, 12), 13, 14, 15, 27, 28)
SEMGCN = (5, 6, 7, 8, 17, 18, 19, 20, 22)


@pytest.fixture(scope="module")
def definitions() -> Claims:
    return claims.read()


def judge(maker: Maker) -> dict[str, Verdict]:
    return {verdict.claim.id: verdict for verdict in claims.judge(maker.run, metrics.read(maker.run))}


def change(maker: Maker, variant: str, edit: Callable[[Any], None]) -> None:
    """Change what a variant's oracle has for its first seed."""
    path = maker.run.layout.metrics(variant)
    content = json.loads(path.read_text())
    edit(content["seeds"][0]["predictions"]["oracle"])
    path.write_text(json.dumps(content))


def test_the_list_of_claims(definitions: Claims) -> None:
    expected = [*(f"GM-{number}" for number in GRAPHMDN), *(f"SG-{number}" for number in SEMGCN)]
    assert [claim.id for claim in definitions.claims] == expected
    papers = {"GM": "graphmdn", "SG": "semgcn"}
    assert all(claim.paper == papers[claim.id[:2]] for claim in definitions.claims)


def test_every_value_is_a_quantity_of_a_variant_that_exists(definitions: Claims, make: Callable[..., Maker]) -> None:
    run = make().run
    values = [value for claim in definitions.claims for part in claim.parts for value in (*part.values, *part.others)]
    expressions = [Expression.parse(value.replace("P(", "P1(")) for value in values]
    for expression in expressions:
        run.variant(expression.variant)
    assert {expression.quantity for expression in expressions} | {"P2"} == set(QUANTITIES)
    assert definitions.minimum_gaps.keys() <= set(QUANTITIES)


def test_every_claim_is_judged_on_a_run_that_has_everything(make: Callable[..., Maker]) -> None:
    """No value is misspelt in its argument: all that are available have a state."""
    maker = make()
    for variant, settings in maker.run.lift_variants.items():
        (maker.mixture if settings.head.name == "mixture" else maker.point)(variant, 50.0, 51.0, epochs=settings.epochs)
        for seed in range(2):
            maker.history(variant, [0.4, 0.2, 0.1], [60.0, 55.0, 50.0], seed)
    maker.edge_weights("semgcn", np.random.default_rng(0).normal(size=(8, 16, 16)), seeds=2)
    not_run = {
        outcome.figures
        for verdict in judge(maker).values()
        for outcome in verdict.outcomes
        if outcome.state == "not run"
    }
    assert not_run == {"no preset has stacked-hourglass detections"}


def test_of_a_run_with_nothing_in_it_nothing_is_said(make: Callable[..., Maker]) -> None:
    verdicts = judge(make())
    assert {verdict.state for verdict in verdicts.values()} == {"not run"}
    (outcome,) = verdicts["GM-7"].outcomes
    assert outcome.figures == "graphmdn was not run (left out by the preset)"


@pytest.mark.parametrize(
    ("p1", "state"),
    [
        ([[50.0], [55.0], [60.0], [65.0]], "held"),
        ([[50.0], [55.0], [65.0], [60.0]], "not held"),
        ([[50.0], [55.0], [55.4], [60.0]], "within noise"),
        ([[50.0, 51.0], [55.0, 55.9], [60.0, 60.8], [65.0, 66.0]], "held"),
        ([[50.0, 54.0], [55.0, 53.0], [60.0, 60.0], [65.0, 66.0]], "within noise"),
        ([[55.0, 56.0], [50.0, 50.9], [60.0, 60.0], [65.0, 66.0]], "not held"),
        ([[50.0], [55.0], [60.0], []], "not run"),
    ],
)
def test_every_component_helps(make: Callable[..., Maker], p1: list[list[float]], state: str) -> None:
    maker = make()
    networks = ("semgcn", "semgcn_without_non_local", "semgcn_without_semgconv", "resgcn")
    for variant, values in zip(networks, p1, strict=True):
        if values:
            maker.point(variant, *values)
    assert judge(maker)["SG-6"].state == state


def test_the_oracle_must_win_in_every_action(make: Callable[..., Maker]) -> None:
    """Made mixtures' oracles are 20 % better, in all three actions."""
    maker = make()
    maker.mixture("graphmdn", 50.0)
    maker.mixture("graphmdn_wide", 45.0)
    verdict = judge(maker)["GM-9"]
    assert verdict.state == "held"
    assert all("so in 3 of 3 actions (every one is asked)" in outcome.figures for outcome in verdict.outcomes)
    change(maker, "graphmdn_wide", lambda oracle: oracle["mpjpe"]["per_action"].update(Photo=60.0))
    spoilt = judge(maker)["GM-9"]
    assert [outcome.state for outcome in spoilt.outcomes] == ["held", "held", "not held", "held"]
    assert "so in 2 of 3 actions" in spoilt.outcomes[2].figures
    maker.mixture("graphmdn_wide", 2.0)  # 20 % of it is within the noise
    assert judge(maker)["GM-9"].state_with_parts == "within noise (2 of 4 parts held)"


@pytest.mark.parametrize(("oracle_of", "state"), [(50.0, "held"), (57.0, "not held"), (56.2, "within noise")])
def test_the_oracle_beats_semgcn_by_a_tenth(make: Callable[..., Maker], oracle_of: float, state: str) -> None:
    """Oracle P1 is 0.8 of the mixture's, so that 0.9 of SemGCN's 50 mm is 56.25; P2 has the same shares."""
    maker = make()
    maker.point("semgcn_wide_one_cycle", 50.0)
    maker.mixture("graphmdn_wide", oracle_of)
    assert judge(maker)["GM-11"].state == state


def test_accuracy_of_the_short_schedule_waits_for_the_stated_epochs(make: Callable[..., Maker]) -> None:
    maker = make()
    for variant, seconds, epochs in (("semgcn_one_cycle", 10.0, 2), ("semgcn", 60.0, 3)):
        maker.point(variant, 50.0, epochs=epochs)
        maker.environment(variant, seconds=seconds)
    time, accuracy = judge(maker)["GM-13"].outcomes
    assert time.state == "held"  # 10 s for 2 of 2 epochs, 60 s for 3 of 30: 10 / 600 = 0.0167, below 1 / 40
    assert "= 0.01667, at most 0.025 asked" in time.figures
    assert accuracy.state == "not run"
    maker.point("semgcn", 55.0, epochs=30)
    assert judge(maker)["GM-13"].outcomes[1].state == "held"


def test_the_page_and_the_data_say_the_same(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn_one_cycle", 60.0, parameters=434703)
    maker.mixture("graphmdn", 50.0, parameters=440357)
    results = metrics.read(maker.run)
    verdicts = claims.judge(maker.run, results)
    data = claims.as_data(maker.run, verdicts)
    page = claims.page(maker.run, results, verdicts)
    assert [claim["id"] for claim in data["claims"]] == [verdict.claim.id for verdict in verdicts]
    rows = [line for line in page.splitlines() if line.startswith(("| GM-", "| SG-"))]
    assert len(rows) == len(data["claims"])
    for row, claim in zip(rows, data["claims"], strict=True):
        assert f"| {claim['state']}" in row
        assert claim["published"] in row
    assert "440,357 / parameters(semgcn_one_cycle) 434,703 = 1.013, at most 1.05 asked" in page
    states = [claim["state"] for claim in data["claims"]]
    assert f"{states.count('held')} held" in page


def test_neighbours_not_run_for_the_same_reason_share_a_line(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.mixture("graphmdn", 50.0)
    results = metrics.read(maker.run)
    page = claims.page(maker.run, results, claims.judge(maker.run, results))
    (row,) = [line for line in page.splitlines() if line.startswith("| GM-5 ")]
    assert row.count("graphmdn_node_level was not run") == 1


def test_a_bad_definition_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text("minimum_gaps: {}\nclaims:\n  - id: GM-1\n    paper: graphmdn\n")
    with pytest.raises(InputError, match=r"claims\.yaml: claims\.0\.text: field required"):
        claims.read(path)
