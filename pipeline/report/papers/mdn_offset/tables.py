"""MDN offset, mixture density networks for spatial offset regression: its tables."""

from __future__ import annotations

from pipeline.geometry.coco_keypoints import GROUPS
from pipeline.report.columns import EPOCHS, PARAMETERS, SEEDS, Column
from pipeline.report.columns_detection import BACK_VIEWS, RUNNING, SHARES, precision
from pipeline.report.papers.common import groups_table, test_dev, visibility_table
from pipeline.report.quantities_detection import (
    AP,
    AP50,
    AP75,
    AR,
    AP_large,
    AP_medium,
    largest_weight,
    sigma_x,
    sigma_y,
)
from pipeline.report.tables import Row, Table

SUBSETS = ("All", "Visible keypoints", "Occluded keypoints", "Visible face", "Occluded face")


def without(k: int) -> Column:
    """Table 1: the predictions of the paper's component k ignored."""
    place, row = f"{{c[{k - 1}]}}.without", f"{{paper}}|w/o C{k}"
    return Column(f"Without C{k}: AP / AR", (AP, AR), place, paper=("AP", "AR"), paper_row=row)


def on_subset(name: str) -> Column:
    """Table 2: on some of the people or keypoints."""
    place, row = f"{{of}}.{name.lower().replace(' ', '_')}", f"{{paper}}|{name.title()}"
    return Column(f"{name}: AP / AR", (AP, AR), place, paper=("AP", "AR"), paper_row=row)


TABLES = (
    Table(
        "mdn_offset_table1",
        "MDN offset, Table 1, components and networks",
        columns=(
            Column("AP / AR", (AP, AR), "plain", paper=("AP", "AR"), paper_row="{paper}|w/o refinement", spread=True),
            RUNNING,
            Column("AP50", (AP50,), "plain"),
            Column("Refined: AP / AR", (AP, AR), "refined", paper=("AP", "AR"), paper_row="{paper}|w/ refinement"),
            *(without(k) for k in range(1, 6)),
            SHARES,
            PARAMETERS,
            EPOCHS,
            SEEDS,
        ),
        published="mdn_offset_table1",
        rows=(
            Row("XSmallHG, Base", "pose_xs_base", paper="XSmallHG|Base"),
            Row("XSmallHG, MDN_1", "pose_xs_mdn_1", paper="XSmallHG|MDN_1"),
            Row("XSmallHG, MDN_2", "pose_xs_mdn_2", paper="XSmallHG|MDN_2", c=("share_2", "share_1")),
            Row("XSmallHG, MDN_3", "pose_xs_mdn_3", paper="XSmallHG|MDN_3", c=("share_3", "share_1", "share_2")),
            Row(
                "XSmallHG, MDN_5",
                "pose_xs_mdn_5",
                paper="XSmallHG|MDN_5",
                c=("share_3", "share_1", "share_2", "share_4", "share_5"),
            ),
            Row("SmallHG, Base", "pose_s_base", paper="SmallHG|Base"),
            Row("SmallHG, MDN_1", "pose_s_mdn_1", paper="SmallHG|MDN_1"),
            Row("SmallHG, MDN_2", "pose_s_mdn_2", paper="SmallHG|MDN_2", c=("share_1", "share_2")),
            Row("SmallHG, MDN_3", "pose_s_mdn_3", paper="SmallHG|MDN_3", c=("share_1", "share_2", "share_3")),
            Row(
                "SmallHG, MDN_5",
                "pose_s_mdn_5",
                paper="SmallHG|MDN_5",
                c=("share_3", "share_4", "share_2", "share_5", "share_1"),
            ),
            Row("LargeHG, Base", "pose_l_base", paper="LargeHG|Base"),
            Row("LargeHG, MDN_1", "pose_l_mdn_1", paper="LargeHG|MDN_1"),
            Row("LargeHG, MDN_2", "pose_l_mdn_2", paper="LargeHG|MDN_2", c=("share_2", "share_1")),
            Row("LargeHG, MDN_3", "pose_l_mdn_3", paper="LargeHG|MDN_3", c=("share_1", "share_3", "share_2")),
        ),
        notes=(
            (
                "Base: the L1 loss. MDN_k: a mixture of k components; the most probable component gives the "
                "keypoints. Refined: keypoints moved to the peaks of keypoint heatmaps (Section 3.3)."
            ),
            (
                "Without Ck: the predictions of component k are ignored. Components have no fixed order, so "
                "components of the same rank are compared: the paper's by the AP that is lost without them, ours by "
                "their share of the predictions."
            ),
            (
                "The paper's AR of SmallHG, MDN_2 without C2 (66.1) and MDN_5 without C2 (48.9) are doubtful "
                "(errata.md, D-12 and D-13)."
            ),
        ),
    ),
    Table(
        "mdn_offset_table2",
        "MDN offset, Table 2, components on parts of the validation images, MDN_2",
        columns=(
            *(on_subset(name) for name in SUBSETS),
            EPOCHS,
            SEEDS,
        ),
        published="mdn_offset_table2",
        rows=(
            Row("Full model", "pose_l_mdn_2", "full", paper="Full model"),
            Row("Keep C1 (back)", "pose_l_mdn_2", "back?.only", paper="Keep C1 predictions"),
            Row("Keep C2 (front)", "pose_l_mdn_2", "front?.only", paper="Keep C2 predictions"),
            Row("All with C1 (back)", "pose_l_mdn_2", "back?.forced", paper="All with C1"),
            Row("All with C2 (front)", "pose_l_mdn_2", "front?.forced", paper="All with C2"),
        ),
        notes=(
            (
                "Components have no fixed order. C1 is, as in the paper, the component for people seen from the back, "
                "found by the side on which it places their left parts. Keep Ck: the other component's predictions "
                "are ignored. All with Ck: component k predicts every person."
            ),
            (
                "Visible keypoints: occluded ones are ignored; occluded keypoints: visible ones are ignored. Visible "
                "face: people with at least 5 annotated keypoints whose nose is visible; occluded face: those whose "
                "nose is occluded or not annotated."
            ),
            "The paper's AP are about 1.8 % higher here than in its Table 1, of the same model (errata.md, D-15).",
        ),
    ),
    visibility_table(
        "mdn_offset_table3",
        "MDN offset, Table 3, visibility against components, MDN_2",
        back="comp1 (back view)",
        front="comp2 (front view)",
    ),
    groups_table(
        "mdn_offset_table4",
        "MDN offset, Table 4, groups of keypoints",
        groups={name: name.capitalize() for name in GROUPS} | {"non_facial": "None Facial"},
        displaced=[f"Ground truth displaced by {px} pixel{'s' * (px > 1)}" for px in (1, 2, 3)],
        improvement="Relative improvement",
        note="Relative improvement: of the mean over seeds.",
    ),
    Table(
        "mdn_offset_table5",
        "MDN offset, Table 5, test-dev",
        columns=(
            *precision(AP, AP50, AP75, AP_medium, AP_large, server=True),
            Column("AP on validation images", (AP,)),
            EPOCHS,
            SEEDS,
        ),
        published="mdn_offset_table5",
        rows=(
            Row("Mask R-CNN He et al. (2017)", paper="Mask R-CNN He et al. (2017)"),
            Row("Simple baselines Xiao et al. (2018)", paper="Simple baselines Xiao et al. (2018)"),
            Row("PersonLab Papandreou et al. (2018)", paper="PersonLab Papandreou et al. (2018)"),
            Row("OpenPose Cao et al. (2018)", paper="OpenPose Cao et al. (2018)"),
            Row("AssociativeEmbedding Newell et al. (2017)", paper="AssociativeEmbedding Newell et al. (2017)"),
            Row(
                "Base, the authors' weights, flip",
                "pose_l_base_authors",
                "flip",
                paper="Base model Zhou et al. (2019a)",
            ),
            Row(
                "Base, the authors' weights, flip, refined",
                "pose_l_base_authors",
                "flip_refined",
                paper="Base model refined Zhou et al. (2019a)",
            ),
            Row("MDN_1", "pose_l_mdn_1_3x", "plain", paper="MDN_1 w/o left-right flip (ours)"),
            Row("MDN_1, flip, refined", "pose_l_mdn_1_3x", "flip_refined", paper="MDN_1 refined (ours)"),
            Row("MDN_3, flip", "pose_l_mdn_3_3x", "flip", paper="MDN_3 (ours)"),
            Row("MDN_3", "pose_l_mdn_3_3x", "plain", paper="MDN_3 w/o left-right flip (ours)"),
            Row("MDN_3, flip, refined", "pose_l_mdn_3_3x", "flip_refined", paper="MDN_3 refined (ours)"),
        ),
        notes=(
            test_dev("person_keypoints"),
            (
                "The paper's base is CenterNet's released model; MDN_1 and MDN_3 are trained for 150 epochs (3X). "
                "Flip: averaged with the mirror image's predictions."
            ),
        ),
    ),
    Table(
        "mdn_offset_options",
        "MDN offset, what else was tried",
        columns=(
            Column("AP / AR", (AP, AR), "plain", spread=True),
            RUNNING,
            Column("AP50", (AP50,), "plain"),
            Column("Mean of components: AP / AR", (AP, AR), "mean"),
            Column("Flip: AP / AR", (AP, AR), "flip"),
            Column("Flip, aligned: AP / AR", (AP, AR), "flip_aligned"),
            Column("Flip, refined: AP / AR", (AP, AR), "flip_refined"),
            SHARES,
            EPOCHS,
            SEEDS,
        ),
        rows=(
            Row("SmallHG, MDN_2", "pose_s_mdn_2"),
            Row("SmallHG, two regressors and a classifier", "pose_s_hierarchical"),
            Row("SmallHG, MDN_2, sigma divided by V", "pose_s_mdn_2_divided"),
            Row("SmallHG, MDN_2, one sigma for x and y", "pose_s_mdn_2_one_sigma"),
            Row("SmallHG, MDN_2, the loss of both stacks", "pose_s_mdn_2_all_stacks"),
            Row("SmallHG, MDN_2, minimum sigma 3", "pose_s_mdn_2_sigma_2"),
            Row("SmallHG, MDN_2, minimum sigma 2", "pose_s_mdn_2_sigma_1"),
            Row("SmallHG, MDN_2, sigma only positive", "pose_s_mdn_2_sigma_0"),
            Row("LargeHG, Base", "pose_l_base"),
            Row("LargeHG, MDN_1", "pose_l_mdn_1"),
            Row("LargeHG, MDN_2", "pose_l_mdn_2"),
            Row("LargeHG, MDN_3", "pose_l_mdn_3"),
            Row("LargeHG, MDN_5", "pose_l_mdn_5"),
            Row("LargeHG, MDN_10", "pose_l_mdn_10"),
            Row("LargeHG, Base, 3X", "pose_l_base_3x"),
            Row("LargeHG, MDN_1, 3X", "pose_l_mdn_1_3x"),
            Row("LargeHG, MDN_3, 3X", "pose_l_mdn_3_3x"),
            Row("LargeHG, Base, the authors' weights", "pose_l_base_authors"),
        ),
        notes=(
            (
                "Mean of components: keypoints averaged by the components' weights, instead of the most probable "
                "component's (Section 3.3: the latter is slightly better)."
            ),
            (
                "Flip, aligned: the authors' code only changes the sign of a mirrored offset, so averaged keypoints "
                "are 1.5 px of the network's input too far left. Aligned, they are in the right place, which shows "
                "the effect of averaging alone."
            ),
            (
                "Two regressors and a classifier: the hierarchical model of Section 4.4. The text gives it an AP of "
                "46.5 (MDN_2: 47.9), and of 54.7 with flip and refinement (MDN_2: 55.6)."
            ),
            (
                "Divided by V: sigma divided by COCO's factor of each keypoint, as both papers say; the authors' code "
                "and all other rows multiply. Minimum sigma: 10 in all other rows. The paper saw no significant "
                "difference between minima, and collapse if sigma is only positive."
            ),
            "MDN_10 and MDN_5: Mixture Dense tried up to 10 components and found the AP of two.",
        ),
    ),
    Table(
        "mdn_offset_components",
        "MDN offset, what its components do",
        columns=(
            SHARES,
            BACK_VIEWS,
            Column("Largest weight", (largest_weight,), "", decimals=2),
            Column("Front component, mean sigma: x / y", (sigma_x, sigma_y), "front?"),
            Column("Back component, mean sigma: x / y", (sigma_x, sigma_y), "back?"),
            EPOCHS,
            SEEDS,
        ),
        rows=(
            Row("XSmallHG, MDN_2", "pose_xs_mdn_2"),
            Row("XSmallHG, MDN_3", "pose_xs_mdn_3"),
            Row("XSmallHG, MDN_5", "pose_xs_mdn_5"),
            Row("SmallHG, MDN_2", "pose_s_mdn_2"),
            Row("SmallHG, MDN_3", "pose_s_mdn_3"),
            Row("SmallHG, MDN_5", "pose_s_mdn_5"),
            Row("LargeHG, MDN_2", "pose_l_mdn_2"),
            Row("LargeHG, MDN_3", "pose_l_mdn_3"),
            Row("LargeHG, MDN_3, evolving winners", "pose_l_mdn_3_evolving_winners"),
            Row("LargeHG, MDN_5", "pose_l_mdn_5"),
            Row("LargeHG, MDN_10", "pose_l_mdn_10"),
            Row("SmallHG, two regressors and a classifier", "pose_s_hierarchical"),
            Row("LargeHG, MDN_3, 3X", "pose_l_mdn_3_3x"),
        ),
        notes=(
            (
                "Largest weight: the mean over people; 1 if the network is certain. Sigmas are in cells of the output "
                "grid (4 px of the network's input)."
            ),
            (
                "Whether a mixture splits, and by what, differs between seeds. Consider this before comparing the "
                "order of networks."
            ),
            (
                "Evolving winners: not from the paper. In the first 90 % of the steps, the n components nearest to the "
                "truth have 95 % of the mixture's loss, n from all to one (docs/studies.md)."
            ),
        ),
    ),
    Table(
        "mdn_offset_overfit",
        "MDN offset, an overfit check on the training images",
        columns=(
            Column("Training images: AP / AP50 / AR", (AP, AP50, AR), "train.plain"),
            Column("Training images, refined: AP / AR", (AP, AR), "train.refined"),
            Column("Validation images: AP / AP50 / AR", (AP, AP50, AR), "plain"),
            SHARES,
            EPOCHS,
            SEEDS,
        ),
        training_images=True,
        rows=(
            Row("LargeHG, Base", "pose_l_base"),
            Row("LargeHG, MDN_1", "pose_l_mdn_1"),
            Row("LargeHG, MDN_2", "pose_l_mdn_2"),
            Row("LargeHG, MDN_3", "pose_l_mdn_3"),
            Row("LargeHG, MDN_5", "pose_l_mdn_5"),
            Row("LargeHG, MDN_10", "pose_l_mdn_10"),
        ),
        notes=(
            (
                "An overfit check: AP on the training images shows that networks, losses, decoding and evaluation fit "
                "together. Only AP on the validation images measures accuracy."
            ),
        ),
    ),
)
