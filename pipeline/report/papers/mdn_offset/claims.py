"""MDN offset, mixture density networks for spatial offset regression: its claims."""

from __future__ import annotations

from pipeline.geometry.coco_keypoints import GROUPS
from pipeline.report.checks import below, bounded, close, gain, no_gain, ratio, rising, steps, unavailable
from pipeline.report.claims import claim
from pipeline.report.papers.common import SERVER, SHARES_FOLLOW_FACES, largest_component_beats_mean
from pipeline.report.quantities_detection import (
    AP,
    AR,
    AP_displaced,
    AP_group,
    contributing,
    drop,
    largest_fall,
    largest_weight,
    used,
    views,
)

NETWORKS = {"xs": "XSmallHG", "s": "SmallHG", "l": "LargeHG"}


def named(size: str) -> tuple[tuple[str, str], ...]:
    """The two modes of the paper, each with the name of its part."""
    return ("", NETWORKS[size]), ("refined", f"{NETWORKS[size]}, refined")


CLAIMS = (
    claim(
        "MO-1",
        "A mixture of two localises keypoints significantly better than L1 offset regression (by 2 AP or more).",
        "Tables 1 and 5",
        "held; 52.3 against 46.4 AP, refined 57.7 against 54.0",
        rising(AP("pose_l_base"), AP("pose_l_mdn_2"), name="as regressed", at_least=2),
        rising(AP("pose_l_base", "refined"), AP("pose_l_mdn_2", "refined"), name="refined", at_least=2),
    ),
    claim(
        "MO-2",
        "It does so whatever the size of the network and the number of components.",
        "Table 1",
        "held; in all 11 rows, with and without refinement (of recall, XSmallHG with one component is 0.2 lower when "
        "refined)",
        [
            below(AP(f"pose_{size}_base", mode), AP.of(*(f"pose_{size}_mdn_{k}" for k in counts), at=mode), name=name)
            for size, counts in (("xs", (1, 2, 3, 5)), ("s", (1, 2, 3, 5)), ("l", (1, 2, 3)))
            for mode, name in named(size)
        ],
    ),
    claim(
        "MO-3",
        "The components split people by viewpoint; alone, the front one works at least twice as well on visible "
        "faces, the back one on hidden faces.",
        "Tables 2 and 3, Figure 2",
        "held; 60.5 against 16.4 AP (front), 37.0 against 4.0 (back)",
        bounded(views("pose_l_mdn_2"), name="views with a component of their own", at_least=1.5),
        ratio(
            AP("pose_l_mdn_2", "front.only.occluded_face"),
            AP("pose_l_mdn_2", "front.only.visible_face"),
            name="front component",
            at_most=0.5,
        ),
        ratio(
            AP("pose_l_mdn_2", "back.only.visible_face"),
            AP("pose_l_mdn_2", "back.only.occluded_face"),
            name="back component",
            at_most=0.5,
        ),
    ),
    claim(
        "MO-4",
        "If one component predicts everybody, the front one is better on visible faces and the back one on hidden "
        "faces.",
        "Table 2",
        "held; 60.6 > 43.9 and 45.1 > 16.7 AP",
        bounded(views("pose_l_mdn_2"), name="views with a component of their own", at_least=1.5),
        rising(
            AP("pose_l_mdn_2", "back.forced.visible_face"),
            AP("pose_l_mdn_2", "front.forced.visible_face"),
            name="face seen",
        ),
        rising(
            AP("pose_l_mdn_2", "front.forced.occluded_face"),
            AP("pose_l_mdn_2", "back.forced.occluded_face"),
            name="face hidden",
        ),
    ),
    claim(
        "MO-5",
        "Most people are seen from the front, and the front component makes about as large a share of the predictions "
        "(within 10 points).",
        "Table 3",
        "held; 69.7 and 74.5 %, strict 77.9 and 70.0 % (doubtful, errata D-14)",
        SHARES_FOLLOW_FACES,
        known="a share in Table 3 does not add up with its partner (errata D-14)",
    ),
    claim(
        "MO-6",
        "The metric is very sensitive: moving the truth by one more pixel costs precision, for every group of "
        "keypoints.",
        "Table 4",
        "held in all 12 columns; of all keypoints 96.0 > 80.4 > 63.0 AP",
        [
            rising(*AP_displaced.at("pose_l_base", *(f"{group}_{px}" for px in (3, 2, 1))), name=group)
            for group in GROUPS
        ],
    ),
    claim(
        "MO-7",
        "With a minimum of 10 for sigma, training is stable (AP never falls by 5 from one validation to the next) and "
        "the modes do not collapse.",
        "text, Section 4",
        "no number",
        bounded(largest_fall("pose_s_mdn_2"), name="AP while training", at_most=5),
        bounded(used("pose_s_mdn_2", "5"), name="components that make more than 5 % of the predictions", at_least=1.5),
    ),
    claim(
        "MO-8",
        "With a sigma that is only kept positive, training is unstable.",
        "text, Section 4",
        "no number",
        rising(largest_fall("pose_s_mdn_2"), largest_fall("pose_s_mdn_2_sigma_0")),
    ),
    claim(
        "MO-9",
        "Other minima of sigma make no significant difference (0.5 AP).",
        "text, Section 4",
        "no number",
        close(AP("pose_s_mdn_2"), AP("pose_s_mdn_2_sigma_1"), name="a floor of 1 cell", at_most=0.5),
        close(AP("pose_s_mdn_2"), AP("pose_s_mdn_2_sigma_2"), name="a floor of 2 cells", at_most=0.5),
    ),
    claim(
        "MO-10",
        "Taking the most probable component is slightly better than the mean of the mixture (by 0 to 1 AP).",
        "text, Section 3.3",
        "no number",
        largest_component_beats_mean("pose_l_mdn_2"),
    ),
    claim(
        "MO-11",
        "The modes overlap very little (the largest weight is over 0.9 on average).",
        "text, Section 3.3",
        "no number",
        bounded(largest_weight("pose_l_mdn_2"), largest_weight("pose_l_mdn_3"), at_least=0.9),
    ),
    claim(
        "MO-12",
        "Only two modes are found, however many components there are and however large the network is (two whose "
        "removal costs more than 3 AP).",
        "Table 1",
        "held for SmallHG and LargeHG; e.g. LargeHG with three, 39.4, 11.6 and -0.1 AP",
        bounded(
            *contributing.of("pose_s_mdn_2", "pose_s_mdn_3", "pose_s_mdn_5", at="3"),
            name="SmallHG",
            at_least=1.5,
            at_most=2.5,
        ),
        bounded(
            contributing("pose_l_mdn_2", "3"),
            contributing("pose_l_mdn_3", "3"),
            name="LargeHG",
            at_least=1.5,
            at_most=2.5,
        ),
    ),
    claim(
        "MO-13",
        "More than two components bring slightly better recall and no better precision (0.5 AP).",
        "Table 1",
        "partly; recall 53.3 to 54.1, 58.0 to 59.5 and 62.0 to 62.7, but precision by 0.7 and 1.0 on XSmallHG and "
        "SmallHG (LargeHG 0.0)",
        [
            part
            for size, network in NETWORKS.items()
            for part in (
                no_gain(AR(f"pose_{size}_mdn_3"), AR(f"pose_{size}_mdn_2"), 0, name=f"{network}, recall no worse"),
                no_gain(
                    AP(f"pose_{size}_mdn_2"), AP(f"pose_{size}_mdn_3"), 0.5, name=f"{network}, precision no better"
                ),
            )
        ],
        known="the paper's Table 1 contradicts its text, with 0.7 and 1.0 AP on XSmallHG and SmallHG (errata T-5)",
    ),
    claim(
        "MO-14",
        "Only in a very small network do more than two components matter; four of five contribute (more than 1 AP), "
        "two of them much more (over 9 AP).",
        "Table 1",
        "held; XSmallHG with five, 24.3, 9.7, 5.1, 2.0 and -0.2 AP",
        bounded(drop("pose_xs_mdn_5", "2"), name="the two that contribute most", at_least=9),
        bounded(drop("pose_xs_mdn_5", "4"), name="the fourth", at_least=1),
        bounded(drop("pose_xs_mdn_5", "5"), name="the fifth", at_most=1),
    ),
    claim(
        "MO-15",
        "What viewpoint hides is harder for offset regression than the variety of poses is.",
        "Tables 2 and 3, text",
        "argument",
        unavailable("no measure of the variety of poses is given; the claim rests on MO-3"),
    ),
    claim(
        "MO-16",
        "A single component, that is a normalised squared error, beats L1 at any size of the network.",
        "Table 1 (the text says Table 3)",
        "held; by 0.8, 2.2 and 1.3 AP, refined by 0.6, 2.7 and 1.1",
        [
            rising(AP(f"pose_{size}_base", mode), AP(f"pose_{size}_mdn_1", mode), name=name)
            for size in ("xs", "s", "l")
            for mode, name in named(size)
        ],
    ),
    claim(
        "MO-17",
        "The face, where the metric is most sensitive, gains more.",
        "Table 4",
        "held; 22.1 against 9.2 %",
        gain(
            steps(AP_group, "pose_l_base", "pose_l_mdn_2", "facial"),
            steps(AP_group, "pose_l_base", "pose_l_mdn_2", "non_facial"),
            relative=True,
        ),
    ),
    claim(
        "MO-18",
        "Wrists gain the most.",
        "Table 4",
        "held; 31.5 %",
        gain(
            steps(AP_group, "pose_l_base", "pose_l_mdn_2", "wrists"),
            steps(
                AP_group,
                "pose_l_base",
                "pose_l_mdn_2",
                "nose",
                "eyes",
                "ears",
                "shoulders",
                "elbows",
                "hips",
                "knees",
                "ankles",
            ),
            relative=True,
        ),
    ),
    claim(
        "MO-19",
        "Shoulders and hips gain almost nothing (less than 2 %).",
        "Table 4",
        "held; 1.3 and -0.3 %",
        close(
            AP_group("pose_l_base", "shoulders"),
            AP_group("pose_l_mdn_2", "shoulders"),
            name="shoulders",
            at_most=2,
            relative=True,
        ),
        close(AP_group("pose_l_base", "hips"), AP_group("pose_l_mdn_2", "hips"), name="hips", at_most=2, relative=True),
    ),
    claim(
        "MO-20",
        "A mixture of two is better than a classifier that chooses between two models.",
        "text, Section 4.4",
        "held; 47.9 against 46.5 AP, with flip and refinement 55.6 against 54.7",
        rising(AP("pose_s_hierarchical"), AP("pose_s_mdn_2"), name="as regressed"),
        rising(
            AP("pose_s_hierarchical", "flip_refined"),
            AP("pose_s_mdn_2", "flip_refined"),
            name="with flip and refinement",
        ),
    ),
    claim(
        "MO-21",
        "The model with a classifier splits the people as the mixture does.",
        "text, Section 4.4",
        "no number",
        bounded(views("pose_s_hierarchical"), name="views with a component of their own", at_least=1.5),
        ratio(
            AP("pose_s_hierarchical", "front.only.occluded_face"),
            AP("pose_s_hierarchical", "front.only.visible_face"),
            name="its front component, where the face is hidden and where it can be seen",
            at_most=0.5,
        ),
        unavailable(
            "which person went to which component is not compared person by person between two models",
            name="agreement person by person",
        ),
    ),
    claim(
        "MO-22",
        "On test-dev the mixture is significantly better than offset regression.",
        "Table 5",
        "held; 57.9 > 55.0 AP",
        unavailable(SERVER, name="on test-dev"),
        rising(AP("pose_l_base_3x", "flip"), AP("pose_l_mdn_3_3x", "flip"), name="on the validation images"),
        rising(
            AP("pose_l_base_authors", "flip"),
            AP("pose_l_mdn_3_3x", "flip"),
            name="on the validation images, against the authors' weights",
        ),
    ),
    claim(
        "MO-23",
        "With refinement both are similar (within 0.5 AP).",
        "Table 5",
        "held; 62.9 and 63.0 AP",
        unavailable(SERVER, name="on test-dev"),
        close(
            AP("pose_l_base_authors", "flip_refined"),
            AP("pose_l_mdn_3_3x", "flip_refined"),
            name="on the validation images",
            at_most=0.5,
        ),
    ),
    claim(
        "MO-24",
        "Averaging with the mirror image (flip) lowers the accuracy of a mixture.",
        "Table 5",
        "held; 59.0 without, 57.9 AP with; by Mixture Dense's Table 7 the base loses too (56.0 and 55.6)",
        unavailable(SERVER, name="on test-dev"),
        rising(AP("pose_l_mdn_3_3x", "flip"), AP("pose_l_mdn_3_3x"), name="on the validation images"),
        rising(AP("pose_l_mdn_3", "flip"), AP("pose_l_mdn_3"), name="on the validation images, a third of the epochs"),
        rising(
            AP("pose_l_mdn_3_3x", "flip_aligned"),
            AP("pose_l_mdn_3_3x"),
            name="on the validation images, mirrored keypoints aligned",
        ),
        rising(
            AP("pose_l_mdn_3", "flip_aligned"),
            AP("pose_l_mdn_3"),
            name="on the validation images, aligned, a third of the epochs",
        ),
        known="by Mixture Dense's Table 7 a network without a mixture loses too (errata T-15)",
    ),
    claim(
        "MO-25",
        "One component, refined, is slightly worse than the official base, because its batches are half as large.",
        "Table 5",
        "held; 61.1 < 63.0 AP; at equal batches (Table 1) it is better, 55.1 > 54.0",
        unavailable(SERVER, name="on test-dev"),
        rising(
            AP("pose_l_mdn_1_3x", "flip_refined"),
            AP("pose_l_base_authors", "flip_refined"),
            name="on the validation images",
        ),
        rising(AP("pose_l_base", "refined"), AP("pose_l_mdn_1", "refined"), name="at equal batches it is better"),
    ),
)
