"""HGN's claims on a run with the printed numbers planted: they hold there, and fail where an order is turned."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hand_made import Maker
from made_parts import depth, meshes
from reading import judge as judged

from pipeline.report import published
from pipeline.report.actions import HUMAN36M
from pipeline.report.claims import Verdict
from pipeline.report.readers_lifting import SCENES

NUMBERS = published.read()
# Variant -> table and row. A variant of several tables has the same numbers in all of them.
PRINTED = {
    "hgn_mesh_0001": ("hgn_table1", "lambda_P=1, lambda_M=0.001"),
    "hgn_mesh_01": ("hgn_table1", "lambda_P=1, lambda_M=0.1"),
    "hgn_mesh_1": ("hgn_table1", "lambda_P=1, lambda_M=1"),
    "semgcn_17": ("hgn_table2", "SemGCN (Baseline) [41]"),
    "hgn_fine": ("hgn_table2", "HGN w/o G^C_M"),
    "hgn_coarse": ("hgn_table2", "HGN w/o G^{C-1}_M"),
    "hgn": ("hgn_table2", "HGN"),
    "hgn_no_mesh_loss": ("hgn_table3", "HGN|128 channels"),
    "hgn_fine_no_mesh_loss": ("hgn_table3", "HGN w/o G^C_M|128 channels"),
    "hgn_coarse_no_mesh_loss": ("hgn_table3", "HGN w/o G^{C-1}_M|128 channels"),
    "hgn_fine_narrow": ("hgn_table3", "HGN w/o G^C_M|91 channels"),
    "hgn_coarse_narrow": ("hgn_table3", "HGN w/o G^{C-1}_M|92 channels"),
    "hgn_narrow": ("hgn_table3", "HGN|79 channels"),
    "graph_sh": ("hgn_table4", "GraphSH [37]|SemGConv|64 channels"),
    "hgn_64": ("hgn_table4", "Ours|SemGConv|64 channels"),
    "semgcn_17_vanilla": ("hgn_table4", "SeqRes [41]|Vanilla GConv|128 channels"),
    "graph_sh_vanilla": ("hgn_table4", "GraphSH [37]|Vanilla GConv|64 channels"),
    "hgn_64_vanilla": ("hgn_table4", "Ours|Vanilla GConv|64 channels"),
    "hgn_vanilla": ("hgn_table4", "Ours|Vanilla GConv|128 channels"),
}
# Table 7's rows that a variant stands for: GraphSH for Xu and Takano's, the baseline for Ci's graph network.
ELSEWHERE = {
    "fully_connected": "Martinez et al. [23]|H36M",
    "semgcn_17": "Ci et al. [8]|H36M",
    "graph_sh": "Xu and Takano [37]|H36M",
    "hgn": "Ours|H36M",
}
# Section 4.2: what HGN gains over SemGCN in some actions and joints.
GAINS = {"Sitting": 4.78, "SittingDown": 4.85, "Greeting": 4.74, "Head": 10.64, "RShoulder": 6.88, "LShoulder": 5.83}
MESH_GAINS = {"RWrist": 2.0, "LWrist": 2.1, "RAnkle": 1.9, "LAnkle": 2.2, "Head": 2.5}  # no number is printed
NOT_IN_ALL_PARTS = ("HGN-1", "HGN-15", "HGN-18", "HGN-20")  # what the rest needs is not here
UNAVAILABLE = ("HGN-16", "HGN-21")
SEEDS = (-0.03, 0.0, 0.03)  # mm, the same for every variant: a gap has no spread


def judge(maker: Maker) -> dict[str, Verdict]:
    return judged(maker.evidence, "hgn")


def plant(maker: Maker, variant: str, p1: float, p2: float | None = None, **more: Any) -> None:
    """A point model of three seeds with this P1 and P2."""
    maker.point(variant, *(p1 + shift for shift in SEEDS), **more)
    for shift, predictions in zip(SEEDS, each_seed(maker, variant), strict=True):
        if p2 is not None:
            predictions["point"]["p_mpjpe"] = maker.error(p2 + shift, maker.skeleton(variant))


def each_seed(maker: Maker, variant: str) -> Iterator[dict[str, Any]]:
    """The predictions of every seed, to be changed; they are written when the last was."""
    path = maker.run.layout.metrics(variant)
    content = json.loads(path.read_text())
    for seed in content["seeds"]:
        yield seed["predictions"]
    path.write_text(json.dumps(content))


def number(table: str, row: str, column: str) -> float | None:
    cell = NUMBERS.cell(table, row, column)
    return float(cell) if cell else None


def scenes(row: str) -> list[dict[str, Any]]:
    columns = ("GS", "noGS", "Outdoor", "ALL (PCK)")
    measures = [
        {
            "pck": number("hgn_table7", row, column),
            "auc": number("hgn_table7", row, "ALL (AUC)"),
            "mpjpe": 90,
            "poses": 9,
        }
        for column in columns
    ]
    return [{"scenes": dict(zip(list(SCENES.values())[:3], measures[:3], strict=True)), "all": measures[3]}] * len(
        SEEDS
    )


@pytest.fixture
def printed(make: Callable[..., Maker]) -> Maker:
    """A run whose numbers are the paper's, and where it prints none, such as its text tells."""
    maker = make(list(HUMAN36M))
    for variant, (table, row) in PRINTED.items():
        p1, p2 = (number(table, row, name) for name in ("MPJPE (mm)", "PA-MPJPE (mm)"))
        fine, coarse = (number("hgn_table2", row, name) for name in ("MPVPE M^{C-1} (mm)", "MPVPE M^C (mm)"))
        millions = number(table, row, "# Params") or 1.04
        more: dict[str, Any] = {"meshes": meshes(fine, coarse), "parameters": round(1e6 * millions)}
        if variant in ELSEWHERE:
            more["generalization"] = scenes(ELSEWHERE[variant])
        assert p1 is not None
        plant(maker, variant, p1, p2, depth=depth(45.0 if variant == "semgcn_17" else 35.0), **more)
    plant(maker, "fully_connected", 45.5, generalization=scenes(ELSEWHERE["fully_connected"]))
    plant(maker, "hgn_fixed_fusion", 37.9)
    plant(maker, "semgcn_17_cpn", 60.8, 47.7)
    plant(maker, "graph_sh_cpn", 51.9, 41.2)
    plant(maker, "hgn_cpn", 51.8, 39.6)
    spread(maker, "semgcn_17", GAINS, 2.0)
    spread(maker, "hgn_no_mesh_loss", MESH_GAINS, 0.5)
    return maker


def spread(maker: Maker, variant: str, gains: dict[str, float], rest: float) -> None:
    """Joints and actions of a variant that are so much worse than HGN's."""
    ours = next(each_seed(maker, "hgn"))["point"]["mpjpe"]
    for predictions in each_seed(maker, variant):
        for kind in ("per_joint", "per_action"):
            predictions["point"]["mpjpe"][kind] |= {
                name: value + gains.get(name, rest) for name, value in ours[kind].items()
            }


def test_every_claim_that_can_be_judged_holds_on_the_papers_numbers(printed: Maker) -> None:
    verdicts = judge(printed)
    states = {name: verdict.state for name, verdict in verdicts.items()}
    expected = dict.fromkeys(verdicts, "held") | dict.fromkeys((*NOT_IN_ALL_PARTS, *UNAVAILABLE), "not run")
    assert states == expected
    for name in NOT_IN_ALL_PARTS:
        assert {outcome.state for outcome in verdicts[name].outcomes} == {"held", "not run"}


@pytest.mark.parametrize(
    ("variant", "p1", "against"),
    [
        ("hgn_no_mesh_loss", 36.0, {"HGN-2", "HGN-3", "HGN-9"}),
        ("hgn_mesh_01", 37.0, {"HGN-2", "HGN-4"}),
        ("hgn_mesh_1", 38.0, {"HGN-4"}),
        ("semgcn_17", 38.5, {"HGN-5", "HGN-7", "HGN-8", "HGN-10", "HGN-12"}),
        ("hgn_fine", 37.0, {"HGN-6"}),
        ("hgn_coarse_no_mesh_loss", 38.0, {"HGN-7"}),
        ("hgn_fine_narrow", 39.0, {"HGN-8"}),
        ("graph_sh", 38.0, {"HGN-10", "HGN-12", "HGN-17"}),
        ("graph_sh_vanilla", 43.0, {"HGN-11"}),
        ("hgn_64_vanilla", 66.0, {"HGN-10", "HGN-11", "HGN-12", "HGN-17"}),
        ("hgn_cpn", 52.5, {"HGN-1", "HGN-15"}),
        ("hgn_fixed_fusion", 37.0, {"HGN-19"}),
    ],
)
def test_a_reversed_order_does_not_hold(printed: Maker, variant: str, p1: float, against: set[str]) -> None:
    parameters = json.loads(printed.run.layout.metrics(variant).read_text())["parameters"]
    before = {name for name, verdict in judge(printed).items() if verdict.state == "not held"}
    plant(printed, variant, p1, 0.75 * p1, parameters=parameters, meshes=meshes(66.28, 65.92))
    assert not before
    assert against <= {name for name, verdict in judge(printed).items() if verdict.state == "not held"}


@pytest.mark.parametrize(
    ("claim", "kind", "name"),
    [("HGN-13", "per_action", "Sitting"), ("HGN-14", "per_joint", "LShoulder"), ("HGN-14", "per_joint", "Head")],
)
def test_gains_elsewhere_than_claimed(printed: Maker, claim: str, kind: str, name: str) -> None:
    """The action or the joint gains 1 mm, where others gain 2 (joints) and 3.46 (on average)."""
    ours = next(each_seed(printed, "hgn"))["point"]["mpjpe"][kind][name]
    for predictions in each_seed(printed, "semgcn_17"):
        predictions["point"]["mpjpe"][kind][name] = ours + 1.0
    assert judge(printed)[claim].state == "not held"


def test_the_mesh_loss_helps_other_joints(printed: Maker) -> None:
    spread(printed, "hgn_no_mesh_loss", {"RHip": 5.0, "LHip": 5.0}, 1.0)
    assert judge(printed)["HGN-22"].state == "not held"


def test_worse_depth_of_hidden_joints_and_a_worse_scene(printed: Maker) -> None:
    more: dict[str, Any] = {"parameters": 1_040_000, "meshes": meshes(62.74, 61.76)}
    plant(printed, "hgn", 37.32, 28.51, depth=depth(50.0), generalization=scenes(ELSEWHERE["graph_sh"]), **more)
    plant(printed, "graph_sh", 39.2, parameters=440_000, generalization=scenes(ELSEWHERE["hgn"]))
    verdicts = judge(printed)
    assert verdicts["HGN-20"].outcomes[0].state == "not held"
    assert {outcome.state for outcome in verdicts["HGN-18"].outcomes} == {"not held", "not run"}


def test_parameters_that_are_not_equal_do_not_hold(printed: Maker) -> None:
    plant(printed, "hgn_narrow", 39.26, 29.60, parameters=600_000)
    by_part = {outcome.name: outcome.state for outcome in judge(printed)["HGN-8"].outcomes}
    assert by_part["parameters, three scales"] == "not held"
    assert by_part["three scales, P1"] == "held"


def test_an_action_that_the_data_lack_is_not_run_with_the_reason(make: Callable[..., Maker]) -> None:
    maker = make(["Walk", "Run"])
    plant(maker, "semgcn_17", 50.0)
    plant(maker, "hgn", 45.0)
    verdict = judge(maker)["HGN-13"]
    assert verdict.state == "not run"
    assert [outcome.figures for outcome in verdict.outcomes] == [
        f"no test pose of {name}; the actions are Walk, Run" for name in ("Sitting", "SittingDown", "Greeting")
    ]


def test_without_another_data_set_the_claim_on_it_is_not_run(make: Callable[..., Maker]) -> None:
    maker = make()
    for variant in ELSEWHERE:
        plant(maker, variant, 50.0)
    outcomes = judge(maker)["HGN-18"].outcomes
    assert {outcome.state for outcome in outcomes} == {"not run"}
    assert outcomes[0].figures == "fully_connected: not tested on another data set"
