"""Claims on images: on the printed numbers they have the printed states, and orders turned around fail."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import detection_printed
import pytest
from detection_printed import Judge, component, mixture, precision, quartiles
from hand_made import demo

# What the printed tables say (shared list of claims): of the rest nothing is printed, or of test-dev only.
HELD = (
    *(f"MO-{number}" for number in (1, 2, 3, 4, 5, 6, 11, 12, 14, 16, 17, 18, 19)),
    *(f"MX-{number}" for number in (1, 2, 7, 8, 23, 25, 26, 27, 28, 29, 30, 31, 33, 37)),
)
NOT_HELD = ("MO-13", "MX-19", "MX-32", "MX-36")  # partly, +1.3 AP, ears by 0.1 AP more, an aim
ON_VALIDATION = ("MO-22", "MO-23", "MO-24", "MO-25", "MX-16", "MX-34", "MX-35")  # all but the server's part
NOT_RUN_HERE = ("MO-15", "MX-17", "MX-18")


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """`judge(content)`: the verdict by claim."""
    return partial(detection_printed.judge, demo().model_copy(update={"root": tmp_path}))


def test_printed_numbers_have_their_printed_states(judge: Judge) -> None:
    verdicts = judge(detection_printed.printed())
    for state, names in (("held", HELD), ("not held", NOT_HELD), ("not run", (*ON_VALIDATION, *NOT_RUN_HERE))):
        assert {name: verdicts[name].state for name in names} == dict.fromkeys(names, state)
    for name in ON_VALIDATION:
        server, *rest = verdicts[name].outcomes
        assert server.figures.startswith("needs COCO's test server")
        assert {outcome.state for outcome in rest} == {"held"}
    # Nothing but what has no printed number is left over, and of that nothing is judged against the paper.
    others = verdicts.keys() - {*HELD, *NOT_HELD, *ON_VALIDATION, *NOT_RUN_HERE}
    assert {verdicts[name].state for name in others} == {"not run"}


def test_recall_gains_from_a_third_component_and_so_does_precision_of_small_networks(
    judge: Judge,
) -> None:
    by_part = {one.name: one.state for one in judge(detection_printed.printed())["MO-13"].outcomes}
    assert {name for name, state in by_part.items() if state == "not held"} == {
        "XSmallHG, precision no better",
        "SmallHG, precision no better",
    }


@pytest.mark.parametrize(
    ("variant", "mode", "ap", "against"),
    [
        ("pose_l_mdn_2", "plain", 45.0, {"MO-1", "MO-2", "MX-1", "MX-23", "MX-25"}),
        ("pose_l_mdn_2", "refined", 55.5, {"MO-1"}),  # 1.5 better: not as much as is asked
        ("pose_xs_mdn_1", "plain", 40.0, {"MO-2", "MO-16"}),
        ("pose_s_mdn_5", "refined", 48.0, {"MO-2"}),
        ("pose_l_mdn_3_3x", "flip", 54.5, {"MO-22", "MX-35"}),
        ("pose_l_mdn_3_3x", "flip_refined", 61.0, {"MO-23", "MX-35"}),
        ("pose_l_mdn_3_3x", "plain", 57.5, {"MO-24"}),
        ("pose_l_mdn_3_3x", "flip_aligned", 59.5, {"MO-24"}),
        ("pose_l_mdn_1_3x", "flip_refined", 63.5, {"MO-25"}),
        ("pose_l_base_3x", "flip_refined", 61.0, {"MX-34"}),
        ("boxes_l_base", "plain", 38.0, {"MX-7"}),
        ("boxes_l_base", "plain", 38.5, {"MX-1", "MX-7"}),
        ("boxes_l_mdn_5", "plain", 40.0, {"MX-8"}),
        ("boxes_dla_mdn_3", "plain", 38.0, {"MX-16"}),
    ],
)
def test_a_claim_does_not_hold_if_a_precision_contradicts_it(
    judge: Judge, variant: str, mode: str, ap: float, against: set[str]
) -> None:
    content = detection_printed.printed()
    content[variant]["modes"][mode]["ap"] = ap
    failed = {name for name, verdict in judge(content).items() if verdict.state == "not held"} - {*NOT_HELD}
    assert failed == against


def test_the_aim_is_reached_where_the_mixture_matches_the_refined_base(
    judge: Judge,
) -> None:
    content = detection_printed.printed()
    content["pose_l_mdn_3"]["modes"]["plain"]["ap"] = 54.0
    assert judge(content)["MX-36"].state == "held"


@pytest.mark.parametrize(
    ("gained", "state"),
    [(2.5, "indicated"), (1.9, "within noise"), (0.5, "within noise"), (-0.5, "contra-indicated")],
)
def test_with_one_seed_two_points_are_noise(judge: Judge, gained: float, state: str) -> None:
    """MO-1 asks for 2 AP: below 0 it fails by more than the noise of 2. MO-16 asks for the sign alone."""
    content = detection_printed.printed()
    for mode in ("plain", "refined"):
        base = content["pose_l_base"]["modes"][mode]["ap"]
        content["pose_l_mdn_2"]["modes"][mode]["ap"] = base + gained
    verdicts = judge(content, seeds=(0.0,))
    assert verdicts["MO-1"].state == state
    assert {outcome.n for outcome in verdicts["MO-1"].outcomes} == {1}
    assert verdicts["MO-16"].state == "within noise"  # 0.8 to 2.7 AP
    assert verdicts["MX-8"].state == "indicated"  # 0.2 apart: what is close needs no proof beyond noise


@pytest.mark.parametrize(
    ("part", "kind", "subset", "ap", "against"),
    [
        ("front", "only", "visible_face", 20.0, "MO-3"),
        ("back", "only", "visible_face", 30.0, "MO-3"),
        ("front", "forced", "visible_face", 40.0, "MO-4"),
        ("back", "forced", "occluded_face", 15.0, "MO-4"),
    ],
)
def test_components_that_do_not_divide_by_viewpoint(
    judge: Judge, part: str, kind: str, subset: str, ap: float, against: str
) -> None:
    content = detection_printed.printed()
    found = content["pose_l_mdn_2"]["mixture"]
    found["components"][found[part]][kind][subset]["ap"] = ap
    assert judge(content)[against].state == "not held"


def test_without_two_views_the_claims_on_viewpoint_fail(judge: Judge) -> None:
    """All predictions by one component: nothing is divided, which is not the same as not run."""
    content = detection_printed.printed()
    for variant in ("pose_l_mdn_2", "pose_l_mdn_3"):
        found = content[variant]["mixture"]
        found |= {"front": None, "back": None, "collapsed": True}
        for order, part in enumerate(found["components"]):
            part["share"] = 0.0 if order else 100.0
    verdicts = judge(content)
    assert {verdicts[name].state for name in ("MO-3", "MO-4", "MX-26", "MX-24", "MX-37")} == {"not held"}
    assert verdicts["MX-27"].state == "not run"
    assert verdicts["MX-27"].outcomes[0].figures == "pose_l_mdn_3: no such component, or no prediction made by it"


@pytest.mark.parametrize(("field", "share"), [("share", 40.0), ("share_strict", 60.0)])
def test_shares_that_do_not_follow_the_faces(judge: Judge, field: str, share: float) -> None:
    content = detection_printed.printed()
    content["pose_l_mdn_2"]["mixture"]["components"][1][field] = share
    verdicts = judge(content)
    assert (verdicts["MO-5"].state, verdicts["MX-30"].state) == ("not held", "not held")


@pytest.mark.parametrize(
    ("index", "edit", "against"),
    [
        (2, {"sigma": {"mean_x": 50.0, "mean_y": 79.0, "sd_x": 1.0, "sd_y": 1.0}}, {"MX-27"}),
        (1, {"sigma": {"mean_x": 100.0, "mean_y": 547.0, "sd_x": 1.0, "sd_y": 1.0}}, {"MX-28"}),
        (1, {"share": 3.0}, {"MX-24", "MX-28"}),
        (0, {"directions": {"left_x": 55.0, "left_y": 51.0, "right_x": 25.0, "right_y": 50.0}}, {"MX-26"}),
        (0, {"directions": {"left_x": 85.0, "left_y": 75.0, "right_x": 25.0, "right_y": 50.0}}, {"MX-29"}),
    ],
)
def test_components_of_poses_that_are_other_than_printed(
    judge: Judge, index: int, edit: dict[str, Any], against: set[str]
) -> None:
    content = detection_printed.printed()
    content["pose_l_mdn_3"]["mixture"]["components"][index] |= edit
    failed = {name for name, verdict in judge(content).items() if verdict.state == "not held"} - {*NOT_HELD}
    assert failed == against


@pytest.mark.parametrize(
    ("group", "ap", "against"),
    [
        ("wrists", 35.0, {"MO-18"}),
        ("facial", 46.0, {"MO-17", "MX-31"}),
        ("hips", 61.0, {"MO-19", "MX-33"}),
        ("shoulders", 57.0, {"MO-19", "MX-33"}),
    ],
)
def test_keypoints_that_gain_otherwise(judge: Judge, group: str, ap: float, against: set[str]) -> None:
    content = detection_printed.printed()
    content["pose_l_mdn_2"]["groups"][group] = ap
    failed = {name for name, verdict in judge(content).items() if verdict.state == "not held"} - {*NOT_HELD}
    assert failed == against


def test_a_pixel_that_costs_nothing(judge: Judge) -> None:
    content = detection_printed.printed()
    content["pose_l_base"]["truth"]["displaced"]["3"]["hips"] = 98.0
    assert [one.name for one in judge(content)["MO-6"].outcomes if one.state == "not held"] == ["hips"]


@pytest.mark.parametrize(
    ("variant", "index", "ap", "against"),
    [
        ("pose_l_mdn_3", 1, 45.0, "MO-12"),  # a third component that costs 7.3
        ("pose_s_mdn_2", 1, 47.0, "MO-12"),  # the second costs 0.9
        ("pose_xs_mdn_5", 3, 42.5, "MO-14"),  # the fourth costs 0.4
        ("pose_xs_mdn_5", 4, 38.0, "MO-14"),  # so does the fifth
    ],
)
def test_other_numbers_of_components_that_matter(
    judge: Judge, variant: str, index: int, ap: float, against: str
) -> None:
    content = detection_printed.printed()
    content[variant]["mixture"]["components"][index]["without"] = precision(ap)
    assert judge(content)[against].state == "not held"


def test_components_of_boxes_that_do_not_divide_by_scale(judge: Judge) -> None:
    content = detection_printed.printed()
    smallest, largest = content["boxes_l_mdn_2"]["mixture"]["components"][::-1]
    largest["scale"] = quartiles(30.0)
    smallest["only"]["all"]["ap_small"] = 7.0
    by_part = {one.name: one.state for one in judge(content)["MX-2"].outcomes}
    assert {name for name, state in by_part.items() if state == "not held"} == {"MDN_2, small objects", "MDN_2, scales"}


def test_boxes_of_one_component_are_not_divided(judge: Judge) -> None:
    content = detection_printed.printed()
    for part, share in zip(content["boxes_l_mdn_3"]["mixture"]["components"], (1.0, 98.0, 1.0), strict=True):
        part["share"] = share
    verdicts = judge(content)
    assert (verdicts["MX-2"].state, verdicts["MX-37"].state) == ("not held", "not held")


@pytest.mark.parametrize(
    ("fields", "states"),
    [
        ({"scale_correlation": 0.76, "category_correlation": 0.04}, ("held", "held")),
        ({"scale_correlation": 0.5, "category_correlation": -0.2}, ("not held", "not held")),
        ({"scale_correlation": None, "category_correlation": None}, ("not run", "not run")),
    ],
)
def test_correlations_with_scale_and_category(
    judge: Judge, fields: dict[str, float | None], states: tuple[str, str]
) -> None:
    content = detection_printed.printed()
    content["boxes_l_mdn_3"]["mixture"] |= fields
    verdicts = judge(content)
    assert (verdicts["MX-4"].state, verdicts["MX-5"].state) == states


@pytest.mark.parametrize(("medians", "state"), [((50.0, 50.0), "held"), ((80.0, 80.0), "not held")])
def test_scales_found_and_scales_annotated(judge: Judge, medians: tuple[float, float], state: str) -> None:
    content = detection_printed.printed()
    for count in (2, 3, 5):
        found = content[f"boxes_l_mdn_{count}"]
        found["truth"] = {"scale": quartiles(50.0)}
        for part, median in zip(found["mixture"]["components"], (*medians, *[medians[0]] * 3), strict=False):
            part["scale"] = quartiles(median, 100 / count)
    assert judge(content)["MX-3"].state == state


@pytest.mark.parametrize(("variances", "state"), [((0.3, 0.2, 0.1), "held"), ((0.3, 0.1, 0.2), "not held")])
def test_more_components_separate_scales_better(judge: Judge, variances: tuple[float, ...], state: str) -> None:
    content = detection_printed.printed()
    for count, variance in zip((2, 3, 5), variances, strict=True):
        content[f"boxes_l_mdn_{count}"]["mixture"]["scale_variance"] = variance
    assert judge(content)["MX-9"].state == state


@pytest.mark.parametrize(("mean", "state"), [(52.0, "held"), (53.0, "not held"), (49.0, "not held")])
def test_the_mean_is_slightly_worse_than_the_largest(judge: Judge, mean: float, state: str) -> None:
    content = detection_printed.printed()
    content["pose_l_mdn_2"]["modes"]["mean"] = precision(mean)  # 52.3 with the largest component
    assert judge(content)["MO-10"].state == state


def test_a_classifier_that_chooses_is_worse_and_divides_alike(judge: Judge) -> None:
    content = detection_printed.printed()
    faces = {"visible_face": precision(50.0), "occluded_face": precision(10.0)}
    content["pose_s_mdn_2"]["modes"]["flip_refined"] = precision(55.6)
    content["pose_s_hierarchical"] = {
        "modes": {"plain": precision(46.5), "flip_refined": precision(54.7)},
        "mixture": mixture([component(only=faces), component()], 46.5, front=0, back=1),
    }
    verdicts = judge(content)
    assert verdicts["MO-20"].state == "held"
    assert [outcome.state for outcome in verdicts["MO-21"].outcomes] == ["held", "held", "not run"]
    content["pose_s_hierarchical"]["modes"]["plain"]["ap"] = 48.5
    assert judge(content)["MO-20"].state == "not held"


def test_of_a_run_with_nothing_in_it_nothing_is_said(judge: Judge) -> None:
    verdicts = judge({})
    assert {verdict.state for verdict in verdicts.values()} == {"not run"}
    assert verdicts["MX-7"].outcomes[0].figures == "boxes_l_base was not run (left out by the preset)"
