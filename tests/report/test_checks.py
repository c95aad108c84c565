"""Every kind of comparison on values made up for it: what holds, what does not, what is noise, what cannot be said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import detection_made
import pytest
from hand_made import Maker
from reading import check

from pipeline.report.checks import P, by_protocol, rising
from pipeline.report.evidence import BySeed, Evidence, Expression
from pipeline.report.judge import Judge
from pipeline.report.states import (
    CONTRA_INDICATED,
    HELD,
    INDICATED,
    NOT_HELD,
    NOT_RUN,
    STATES,
    SYMBOLS,
    WITHIN_NOISE,
    conjunction,
)


@dataclass(frozen=True)
class MadeUp(Evidence):
    """Evidence whose values are given: `P1(semgcn)` -> one number per seed."""

    given: dict[str, list[float]] = field(default_factory=dict)

    def by_seed(self, expression: Expression) -> BySeed:
        return dict(enumerate(self.given[expression.label]))


@pytest.fixture
def judged(make: Callable[..., Maker]) -> Callable[..., Judge]:
    """`judged({"P1(semgcn)": [50.0]})`: a judge who knows only that."""
    maker = make()
    for variant in ("semgcn", "resgcn", "graphmdn"):
        maker.point(variant, 1.0, epochs=2)  # graphmdn states 2 epochs, the others more
    detection_made.run(maker, "pose_l_mdn_2", 1.0)
    found = maker.evidence
    return lambda given: Judge(MadeUp(maker.run, found.results, found.detection, given=given))


def outcome(judge: Judge, kind: str, *values: str, **more):
    return judge.outcome(check(kind, *values, **more))


@pytest.mark.parametrize(
    ("gaps", "state"),
    [
        ([0.6], INDICATED),  # one seed: the minimum gap is 0.5
        ([0.5], WITHIN_NOISE),
        ([-0.5], WITHIN_NOISE),
        ([-0.6], CONTRA_INDICATED),
        ([1.0, 2.0, 3.1], HELD),  # three: mean 2.03 against a standard deviation of 1.05
        ([0.0, 1.0, 2.0], WITHIN_NOISE),  # mean 1, standard deviation 1
        ([0.010, 0.011, 0.012], HELD),  # however small: the minimum gap is for fewer seeds
        ([-1.0, -2.0, -3.1], NOT_HELD),
        ([1.0, 2.0], INDICATED),  # two: mean 1.5, standard deviation 0.71
        ([-1.0, -2.0], CONTRA_INDICATED),
        ([0.40, 0.41], WITHIN_NOISE),  # two that agree by chance: the minimum gap is larger than 0.007
        ([-3.0, 4.0], WITHIN_NOISE),  # mean 0.5, standard deviation 4.9
        ([2.0, 2.0, 2.0, 2.0, -9.0], WITHIN_NOISE),
    ],
)
def test_a_gap_counts_when_it_exceeds_the_noise(judged: Callable[..., Judge], gaps: list[float], state: str) -> None:
    compared = judged({}).compare(gaps, minimum=0.5)
    assert compared.state == state
    assert compared.n == len(gaps)


@pytest.mark.parametrize(
    ("states", "all_of_it"),
    [
        ([HELD, HELD], HELD),
        ([HELD, WITHIN_NOISE], WITHIN_NOISE),
        ([WITHIN_NOISE, NOT_RUN], NOT_RUN),
        ([HELD, NOT_RUN, NOT_HELD], NOT_HELD),
        ([HELD, INDICATED], INDICATED),
        ([INDICATED, WITHIN_NOISE], WITHIN_NOISE),
        ([INDICATED, NOT_RUN], NOT_RUN),
        ([HELD, NOT_RUN, CONTRA_INDICATED], CONTRA_INDICATED),
        ([CONTRA_INDICATED, NOT_HELD, WITHIN_NOISE], NOT_HELD),
    ],
)
def test_several_things_at_once(states: list, all_of_it: str) -> None:
    assert conjunction(states) == all_of_it


@pytest.mark.parametrize(
    ("values", "state"),
    [([50.0, 55.0, 60.0], INDICATED), ([50.0, 60.0, 55.0], CONTRA_INDICATED), ([50.0, 50.2, 60.0], WITHIN_NOISE)],
)
def test_rising(judged: Callable[..., Judge], values: list[float], state: str) -> None:
    names = ["P1(semgcn)", "P1(resgcn)", "P1(graphmdn)"]
    judge = judged({name: [value] for name, value in zip(names, values, strict=True)})
    found = outcome(judge, "rising", *names)
    assert found.state == state
    assert found.figures.startswith(f"asked P1(semgcn) {values[0]:.2f} < P1(resgcn) {values[1]:.2f} < ")


def test_seeds_are_compared_in_pairs(judged: Callable[..., Judge]) -> None:
    """Both vary by 10 from seed to seed, their difference is 1, 1.2 and 1.1: only pairs tell them apart."""
    judge = judged({"P1(semgcn)": [50.0, 60.0, 70.0], "P1(resgcn)": [51.0, 61.2, 71.1, 99.0]})
    found = outcome(judge, "rising", "P1(semgcn)", "P1(resgcn)")
    assert (found.state, found.n) == (HELD, 3)
    assert (found.gap, found.noise) == (pytest.approx(1.1), pytest.approx(0.1))


def test_the_variant_with_the_fewest_seeds_decides_what_can_be_said(judged: Callable[..., Judge]) -> None:
    """Three seeds against one are one pair, and a chain is no stronger than its weakest pair."""
    given = {"P1(semgcn)": [50.0, 51.0, 52.0], "P1(resgcn)": [60.0, 61.0, 62.0], "P1(graphmdn)": [70.0]}
    one, chain = (outcome(judged(given), "rising", "P1(semgcn)", *more) for more in (["P1(resgcn)"], list(given)[1:]))
    assert (one.state, one.n) == (HELD, 3)
    assert (chain.state, chain.n) == (INDICATED, 1)
    less = given | {"P1(semgcn)": [60.0]}
    assert outcome(judged(less), "rising", "P1(resgcn)", "P1(semgcn)").state == WITHIN_NOISE
    assert outcome(judged(less), "rising", "P1(graphmdn)", "P1(semgcn)").state == CONTRA_INDICATED


def test_what_three_seeds_contradict_is_not_held_whatever_one_seed_says(judged: Callable[..., Judge]) -> None:
    given = {"P1(semgcn)": [50.0, 51.0, 52.0], "P1(resgcn)": [40.0, 41.0, 42.0], "P1(graphmdn)": [20.0]}
    found = outcome(judged(given), "below", "P1(semgcn)", others=("P1(graphmdn)", "P1(resgcn)"))
    assert (found.state, found.n, found.gap) == (NOT_HELD, 3, -10.0)
    assert "P1(semgcn) 51.00 ± 1 < P1(resgcn) 41.00 ± 1 mm" in found.figures


def test_a_closed_form_is_compared_with_every_seed(make: Callable[..., Maker]) -> None:
    """Its one value against three; between two closed forms one value decides."""
    maker = make()
    maker.point("linear_least_squares", 90.0, 90.0)
    maker.point("mean_pose", 200.0)
    maker.point("semgcn", 50.0, 52.0, 57.0)
    judge = Judge(maker.evidence)
    network = outcome(judge, "rising", "P1(semgcn)", "P1(linear_least_squares)")
    assert (network.state, network.n, network.seedless) == (HELD, 3, False)
    assert (network.gap, network.noise) == (pytest.approx(37.0), pytest.approx(13**0.5))
    forms = outcome(judge, "rising", "P1(mean_pose)", "P1(linear_least_squares)")
    assert (forms.state, forms.n, forms.seedless) == (NOT_HELD, 1, True)


def test_imported_weights_are_compared_with_every_seed(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn_authors", 40.0)
    maker.point("semgcn", 50.0, 52.0, 57.0)
    assert outcome(Judge(maker.evidence), "rising", "P1(semgcn_authors)", "P1(semgcn)").state == HELD
    detection_made.run(maker, "pose_l_base_authors", 40.0)
    detection_made.run(maker, "pose_l_mdn_2", 50.0, 52.0, 57.0)
    images = outcome(Judge(maker.evidence), "rising", "AP(pose_l_base_authors)", "AP(pose_l_mdn_2)")
    assert (images.state, images.n) == (HELD, 3)


def test_one_seed_is_enough_where_no_seed_plays_a_part(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn", 50.0, parameters=434_703)
    maker.mixture("graphmdn", 50.0, parameters=440_357)
    assert outcome(Judge(maker.evidence), "rising", "parameters(semgcn)", "parameters(graphmdn)").state == HELD
    assert outcome(Judge(maker.evidence), "rising", "P1(semgcn)", "P1(graphmdn)").state == WITHIN_NOISE


def test_every_state_has_a_symbol_of_its_own() -> None:
    assert set(SYMBOLS) == set(STATES) and len(set(SYMBOLS.values())) == len(STATES)


def test_below_shows_the_pair_that_agrees_least(judged: Callable[..., Judge]) -> None:
    judge = judged({"P1(semgcn)": [50.0], "P1(resgcn)": [60.0], "P1(graphmdn)": [49.0]})
    found = outcome(judge, "below", "P1(semgcn)", others=("P1(resgcn)", "P1(graphmdn)"))
    assert found.state == CONTRA_INDICATED
    assert "P1(semgcn) 50.00 < P1(graphmdn) 49.00 mm; smallest gap of 2 pairs -1" in found.figures


@pytest.mark.parametrize(
    ("first", "state"), [(85.0, INDICATED), (89.8, WITHIN_NOISE), (95.0, CONTRA_INDICATED), (40.0, CONTRA_INDICATED)]
)
def test_ratio_between_bounds(judged: Callable[..., Judge], first: float, state: str) -> None:
    """Asked: 0.5 to 0.9 of 100."""
    judge = judged({"P1(semgcn)": [first], "P1(resgcn)": [100.0]})
    found = outcome(judge, "ratio", "P1(semgcn)", "P1(resgcn)", at_least=0.5, at_most=0.9)
    assert found.state == state
    assert f"= {first / 100:.4f}, at least 0.5 asked, at most 0.9 asked" in found.figures


def test_a_ratio_to_nothing_is_judged_without_a_quotient(judged: Callable[..., Judge]) -> None:
    """A component that finds nobody has an AP of 0: 0.5 of it is still less than 3, by more than 2 points."""
    judge = judged({"AP(pose_l_mdn_2, mean)": [3.0], "AP(pose_l_mdn_2)": [0.0]})
    found = outcome(judge, "ratio", "AP(pose_l_mdn_2, mean)", "AP(pose_l_mdn_2)", at_most=0.5)
    assert found.state == CONTRA_INDICATED
    assert found.figures == "AP(pose_l_mdn_2, mean) 3.000 / AP(pose_l_mdn_2) 0.000, at most 0.5 asked"


@pytest.mark.parametrize(("value", "state"), [(12.0, INDICATED), (10.5, WITHIN_NOISE), (8.0, CONTRA_INDICATED)])
def test_bounded_with_a_relative_minimum_gap(judged: Callable[..., Judge], value: float, state: str) -> None:
    """At least 10 is asked; 5 % of the value are noise."""
    judge = judged({"roughness(semgcn)": [value]})
    assert outcome(judge, "bounded", "roughness(semgcn)", at_least=10).state == state


@pytest.mark.parametrize(
    ("other", "state"),
    [
        ([50.2], INDICATED),
        ([50.7], WITHIN_NOISE),
        ([49.0], CONTRA_INDICATED),
        ([50.0, 50.9], WITHIN_NOISE),
        ([50.1, 50.2, 50.3], HELD),
        ([49.0, 49.1, 48.9], NOT_HELD),
    ],
)
def test_close(judged: Callable[..., Judge], other: list[float], state: str) -> None:
    """0.3 mm apart is allowed, 0.5 mm is noise for a single seed."""
    judge = judged({"P1(semgcn)": [50.0] * len(other), "P1(resgcn)": other})
    assert outcome(judge, "close", "P1(semgcn)", "P1(resgcn)", at_most=0.3).state == state


@pytest.mark.parametrize(
    ("other", "state"), [([49.9], INDICATED), ([49.5], WITHIN_NOISE), ([49.0], CONTRA_INDICATED), ([60.0], INDICATED)]
)
def test_no_gain_allows_any_loss(judged: Callable[..., Judge], other: list[float], state: str) -> None:
    """The second value may be 0.2 mm lower than the first; 0.5 mm is noise for a single seed."""
    judge = judged({"P1(semgcn)": [50.0], "P1(resgcn)": other})
    assert outcome(judge, "no_gain", "P1(semgcn)", "P1(resgcn)", at_most=0.2).state == state


@pytest.mark.parametrize(
    ("values", "state", "gap"),
    [
        ([[50.0], [45.0], [60.0], [59.0]], INDICATED, 4.0),  # 5 gained against 1
        ([[50.0], [49.0], [60.0], [55.0]], CONTRA_INDICATED, -4.0),
        ([[50.0], [48.0], [60.0], [58.3]], WITHIN_NOISE, 0.3),
        ([[50.0], [50.0], [60.0], [65.0]], INDICATED, 5.0),  # nothing gained, but the other loses
        # Two seeds: gains 5 and 6 against 1 and 1, so 4 and 5: a standard deviation of 0.71.
        ([[50.0, 52.0], [45.0, 46.0], [60.0, 61.0], [59.0, 60.0]], INDICATED, 4.5),
        # Gains 1 and 6 against 1 and 1: 0 and 5, a standard deviation of 3.5.
        ([[50.0, 52.0], [49.0, 46.0], [60.0, 61.0], [59.0, 60.0]], WITHIN_NOISE, 2.5),
        # Three: gains 5, 6 and 7 against 1: 4, 5 and 6, a standard deviation of 1.
        ([[50.0, 52.0, 54.0], [45.0, 46.0, 47.0], [60.0, 61.0, 62.0], [59.0, 60.0, 61.0]], HELD, 5.0),
    ],
)
def test_gain_by_hand(judged: Callable[..., Judge], values: list[list[float]], state: str, gap: float) -> None:
    names = ["P1(semgcn)", "P1(resgcn)", "P1(graphmdn)", "P1(graphmdn, oracle)"]
    found = outcome(judged(dict(zip(names, values, strict=True))), "gain", *names[:2], others=names[2:])
    assert found.state == state
    assert found.gap == pytest.approx(gap)
    assert found.n == len(values[0])


def test_a_gain_says_both_steps(judged: Callable[..., Judge]) -> None:
    names = ["P1(semgcn)", "P1(resgcn)", "P1(graphmdn)", "P1(graphmdn, oracle)"]
    found = outcome(
        judged(dict(zip(names, ([50.0], [45.0], [60.0], [59.0]), strict=True))), "gain", *names[:2], others=names[2:]
    )
    assert found.figures == (
        "gained 5 (P1(semgcn) 50.00 to P1(resgcn) 45.00), asked more than 1 (P1(graphmdn) 60.00 to "
        "P1(graphmdn, oracle) 59.00) mm; "
        "noise 0.5"
    )


@pytest.mark.parametrize(
    ("after", "other", "state", "gap"),
    [
        (45.0, 58.0, INDICATED, 1.0),  # 5 gained against twice 2
        (45.0, 57.0, CONTRA_INDICATED, -1.0),
        (45.0, 57.4, WITHIN_NOISE, -0.2),
        (51.5, 61.0, WITHIN_NOISE, -0.5),  # both lose: 1.5 against 1, not against twice 1
    ],
)
def test_a_gain_may_be_asked_to_be_so_many_times_the_other(
    judged: Callable[..., Judge], after: float, other: float, state: str, gap: float
) -> None:
    names = ["P1(semgcn)", "P1(resgcn)", "P1(graphmdn)", "P1(graphmdn, oracle)"]
    judge = judged(dict(zip(names, ([50.0], [after], [60.0], [other]), strict=True)))
    found = outcome(judge, "gain", *names[:2], others=names[2:], at_least=2)
    assert found.state == state
    assert found.gap == pytest.approx(gap)
    assert "asked more than 2 times " in found.figures


@pytest.mark.parametrize(("least", "state"), [(46.0, INDICATED), (49.5, CONTRA_INDICATED), (47.8, WITHIN_NOISE)])
def test_with_others_every_pair_gains_more_than_every_other_pair(
    judged: Callable[..., Judge], least: float, state: str
) -> None:
    """Gains 10 and 50 less the least, against 1 and 2: the least gain against 2 decides."""
    pairs = {"head": (50.0, 40.0), "wrists": (50.0, least), "hips": (30.0, 29.0), "spine": (30.0, 28.0)}
    names = {part: (f"P1_joints(semgcn, {part})", f"P1_joints(resgcn, {part})") for part in pairs}
    given = {name: [value] for part, values in pairs.items() for name, value in zip(names[part], values, strict=True)}
    ours, others = (*names["head"], *names["wrists"]), (*names["hips"], *names["spine"])
    found = outcome(judged(given), "gain", *ours, others=others)
    assert found.state == state
    assert "(P1_joints(semgcn, wrists) 50.00 to" in found.figures
    assert "asked more than 2 (P1_joints(semgcn, spine) 30.00 to" in found.figures
    assert "of 4 comparisons the one that agrees least" in found.figures


def test_a_gain_takes_the_seeds_that_all_four_have(judged: Callable[..., Judge]) -> None:
    names = ["P1(semgcn)", "P1(resgcn)", "P1(graphmdn)", "P1(graphmdn, oracle)"]
    values = ([50.0, 50.0], [45.0, 45.0], [60.0], [59.0, 59.0])
    assert outcome(judged(dict(zip(names, values, strict=True))), "gain", *names[:2], others=names[2:]).n == 1
    nothing = outcome(
        judged(dict(zip(names, ([50.0], [45.0], [], [59.0]), strict=True))), "gain", *names[:2], others=names[2:]
    )
    assert nothing.state == NOT_RUN
    assert "have no seed in common" in nothing.figures


@pytest.mark.parametrize(
    ("other", "state"),
    [
        ([40.0, 60.0], INDICATED),
        ([49.9, 50.1], CONTRA_INDICATED),
        ([49.0, 51.5], WITHIN_NOISE),
        ([50.0], NOT_RUN),
        ([40.0, 60.0, 50.0], INDICATED),  # the other has two seeds
    ],
)
def test_spread_over_seeds(judged: Callable[..., Judge], other: list[float], state: str) -> None:
    judge = judged({"P1(semgcn)": [49.0, 51.0], "P1(resgcn)": other})
    assert outcome(judge, "spread", "P1(semgcn)", "P1(resgcn)", at_least=2).state == state


def test_both_protocols_are_judged_apart(judged: Callable[..., Judge]) -> None:
    judge = judged({"P1(semgcn)": [50.0], "P1(resgcn)": [60.0], "P2(semgcn)": [40.0], "P2(resgcn)": [30.0]})
    parts = by_protocol(rising(P("semgcn"), P("resgcn"), name="width"))
    first, second = (judge.outcome(part) for part in parts)
    assert (first.name, first.state) == ("width, P1", INDICATED)
    assert (second.name, second.state) == ("width, P2", CONTRA_INDICATED)


def test_what_needs_the_stated_epochs_is_not_run_with_fewer(judged: Callable[..., Judge]) -> None:
    judge = judged({"P1(semgcn)": [50.0], "P1(resgcn)": [60.0], "P1(graphmdn)": [40.0]})
    short = outcome(judge, "rising", "P1(graphmdn)", "P1(semgcn)", stated_epochs=True)
    assert (short.state, short.figures) == (NOT_RUN, "semgcn had less than the stated epochs")
    assert outcome(judge, "bounded", "P1(graphmdn)", at_most=50, stated_epochs=True).state == INDICATED


def test_what_nothing_can_run_says_why(judged: Callable[..., Judge]) -> None:
    found = outcome(judged({}), "unavailable", reason="no preset has detections")
    assert (found.state, found.figures, found.n) == (NOT_RUN, "no preset has detections", 0)
