"""params/mini.yaml: every claim that can be judged without COCO's server is, and with the seeds that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from repository import ROOT

from pipeline import config
from pipeline.config import DetectionVariant, dag
from pipeline.config.plan import planned
from pipeline.report.checks import Part
from pipeline.report.claims import Claim
from pipeline.report.papers import PAPERS

RUN = config.load("mini", ROOT)
VARIANTS = RUN.lifting_variants | RUN.detection_variants
PLANNED = {*planned(RUN, detection=False), *planned(RUN, detection=True)}
CLAIMS = [claim for paper in PAPERS for claim in paper.claims]

# Rows that a claim names and that have one seed, because they cost most.
EXPENSIVE = {
    "semgcn_wide_one_cycle",
    "semgcn_wide_one_cycle_sh",
    "graphmdn_wide",
    "graphmdn_wide_sh",
    "graphmdn_wide_8_sh",
    "graphmdn_wide_200_sh",
    "hgn_mesh_0001",
    "hgn_mesh_01",
    "hgn_mesh_1",
    "hgn_fine_no_mesh_loss",
    "hgn_coarse_no_mesh_loss",
    "hgn_fine_narrow",
    "hgn_coarse_narrow",
    "hgn_narrow",
    "hgn_fixed_fusion",
    "hgn_cpn",
    "semgcn_17_cpn",
    "graph_sh_cpn",
}

# The remedy of collapsing mixtures: no claim names it, but it is to be compared with rows of three seeds.
REMEDIES = {"graphmdn_evolving_winners", "pose_l_mdn_3_evolving_winners", "boxes_l_mdn_3_evolving_winners"}


# Rows with whose weights others begin, so that they need as many seeds.
BEGUN_WITH = {variant.pixels.after for variant in RUN.lifting_variants.values() if variant.pixels} - {None}


def named(part: Part) -> set[str]:
    """The variants that a part of a claim needs: its expressions', and those that they are compared with inside."""
    words = {word for one in (*part.values, *part.others) for word in (one.variant, one.argument)}
    return {word for word in words if word in VARIANTS}


def rows(claims: list[Claim]) -> set[str]:
    return {name for claim in claims for part in claim.parts for name in named(part)}


def test_rows_of_claims_have_three_seeds_and_the_others_one() -> None:
    claimed = rows(CLAIMS)
    assert len(claimed) > 90
    for name in PLANNED:
        expected = 3 if name in (claimed - EXPENSIVE) | REMEDIES | BEGUN_WITH else 1
        assert len(RUN.seeds_of(name)) == expected, name
    assert claimed & PLANNED >= EXPENSIVE


def test_only_authors_weights_are_missing() -> None:
    assert {name for name in VARIANTS if not VARIANTS[name].imported} == PLANNED
    assert {name for name in rows(CLAIMS) if name not in PLANNED} == {"pose_l_base_authors"}


def missing(part: Part) -> Iterator[str]:
    """Why a part cannot be judged in mini."""
    if part.kind == "unavailable":
        yield part.reason
    yield from sorted(named(part) - PLANNED)
    for one in (*part.values, *part.others):
        scales = re.fullmatch(r"scales_(\d)", one.argument or "")
        if scales and int(scales[1]) not in RUN.preset.detection.test_scales:
            yield f"{one.argument} is not tested"


def test_every_claim_on_images_is_judged_but_for_these() -> None:
    """And these are judged in the parts that say `on the validation images`, except against the authors' weights."""
    open_ones = {
        claim.id: sorted({reason for part in claim.parts for reason in missing(part)})
        for paper in PAPERS
        if paper.key in ("mdn_offset", "mixture_dense")
        for claim in paper.claims
        if any(True for part in claim.parts for _ in missing(part))
    }
    server, authors = "needs COCO's test server, which alone knows the truth of test-dev", "pose_l_base_authors"
    assert {
        name: reasons for name, reasons in open_ones.items() if server not in reasons and authors not in reasons
    } == {
        "MO-15": ["no measure of the variety of poses is given; the claim rests on MO-3"],
        "MO-21": ["which person went to which component is not compared person by person between two models"],
    }
    assert sorted(open_ones) == [
        *("MO-15", "MO-21", "MO-22", "MO-23", "MO-24", "MO-25", "MX-16", "MX-17", "MX-18", "MX-34", "MX-35")
    ]


@pytest.mark.parametrize("name", sorted(name for name in VARIANTS if name.endswith("_3x")))
def test_three_times_as_long_is_three_times_as_long(name: str) -> None:
    other = name.removesuffix("_3x")
    assert VARIANTS[name].epochs == 3 * VARIANTS[other].epochs
    assert RUN.epochs(name) == 3 * RUN.epochs(other)


def test_one_cycle_rows_have_eight_epochs_or_more() -> None:
    lifting = {name for name in PLANNED if not isinstance(VARIANTS[name], DetectionVariant)}
    cycles = {name for name in lifting if RUN.variant(name).schedule_kind == "one_cycle"}
    assert len(cycles) > 20 and all(RUN.epochs(name) >= 8 for name in cycles)


def test_rows_of_hgns_tables_have_the_same_epochs() -> None:
    """They are compared with each other; its mixture has another schedule."""
    rows_of_hgn = {
        name
        for name in planned(RUN, detection=False)
        if RUN.variant(name).paper == "hgn" and RUN.variant(name).schedule_kind == "step"
    }
    assert len(rows_of_hgn) > 20 and len({RUN.epochs(name) for name in rows_of_hgn}) == 1


def test_rows_that_a_claim_rests_on_start_first() -> None:
    priority = {
        stage: dag.Dag(RUN, ()).priority(stage)
        for stage in (f"{step}_{kind}" for step in ("train", "evaluate") for kind in dag.KINDS)
    }

    def starts(name: str, stage: str) -> int:
        return priority[f"{stage}_{RUN.layout.kind(name)}"](Wildcards(name))

    claimed = rows(CLAIMS) & PLANNED - EXPENSIVE
    last = min(starts(name, stage) for name in claimed for stage in ("train", "evaluate"))
    assert last > max(starts(name, "train") for name in PLANNED - claimed - REMEDIES - BEGUN_WITH)
    assert dag.Dag(RUN, ()).first() > max(starts(name, "train") for name in PLANNED)


class Wildcards:
    def __init__(self, variant: str) -> None:
        self.variant = variant
