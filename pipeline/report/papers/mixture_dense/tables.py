"""Mixture Dense Regression: its tables."""

from __future__ import annotations

from pipeline.geometry.coco_keypoints import GROUPS
from pipeline.report.columns import EPOCHS, PARAMETERS, SEEDS, Column
from pipeline.report.columns_detection import BACK_VIEWS, RUNNING, SCALES, SHARES, precision
from pipeline.report.papers.common import groups_table, test_dev, visibility_table
from pipeline.report.quantities_detection import (
    AP,
    AP50,
    AP75,
    AR,
    AP_large,
    AP_medium,
    AP_small,
    category_correlation,
    images_per_second,
    object_scale,
    positive,
    scale_correlation,
    scale_variance,
    share,
    sigma_x,
    sigma_x_spread,
    sigma_y,
    sigma_y_spread,
)
from pipeline.report.tables import Row, Table

TABLES = (
    Table(
        "mixture_dense_table1",
        "Mixture Dense, Table 1, boxes, all components and each alone",
        columns=(
            *precision(AP, AP50, AP75, AP_small, AP_medium, AP_large),
            RUNNING,
            SHARES,
            EPOCHS,
            SEEDS,
        ),
        published="mixture_dense_table1",
        rows=(
            Row("Base", "boxes_l_base", "plain", paper="Single mode base"),
            Row("MDN_1", "boxes_l_mdn_1", "plain"),
            Row("MDN_2", "boxes_l_mdn_2", "plain", paper="MDN_2|All components"),
            Row("MDN_2, component 1 alone", "boxes_l_mdn_2", "scale_2.forced.all", paper="MDN_2|component 1"),
            Row("MDN_2, component 2 alone", "boxes_l_mdn_2", "scale_1.forced.all", paper="MDN_2|component 2"),
            Row("MDN_3", "boxes_l_mdn_3", "plain", paper="MDN_3|All components"),
            Row("MDN_3, component 1 alone", "boxes_l_mdn_3", "scale_1.forced.all", paper="MDN_3|component 1"),
            Row("MDN_3, component 2 alone", "boxes_l_mdn_3", "scale_2.forced.all", paper="MDN_3|component 2"),
            Row("MDN_3, component 3 alone", "boxes_l_mdn_3", "scale_3.forced.all", paper="MDN_3|component 3"),
            Row("MDN_5", "boxes_l_mdn_5", "plain", paper="MDN_5|All components"),
            Row("MDN_5, component 1 alone", "boxes_l_mdn_5", "scale_3.forced.all", paper="MDN_5|component 1"),
            Row("MDN_5, component 2 alone", "boxes_l_mdn_5", "scale_1.forced.all", paper="MDN_5|component 2"),
            Row("MDN_5, component 3 alone", "boxes_l_mdn_5", "scale_2.forced.all", paper="MDN_5|component 3"),
            Row("MDN_5, component 4 alone", "boxes_l_mdn_5", "scale_4.forced.all", paper="MDN_5|component 4"),
            Row("MDN_5, component 5 alone", "boxes_l_mdn_5", "scale_5.forced.all", paper="MDN_5|component 5"),
        ),
        notes=(
            (
                "Component k alone: it predicts every object. Components have no fixed order, so components of the "
                "same rank by the scale of their objects are compared. The paper numbers MDN_3's in this order, "
                "MDN_2's with large objects first, and MDN_5's medium, tiny, small, large, largest (errata.md, D-22). "
                "A component without predictions is last."
            ),
            (
                "The paper has no row of MDN_1; its loss weight was tuned to make MDN_1 as good as the base (Section "
                "3.2)."
            ),
        ),
    ),
    Table(
        "mixture_dense_table2",
        "Mixture Dense, Table 2, boxes, test-dev",
        columns=(
            Column("Images a second", (images_per_second,), paper=("FPS",), decimals=2),
            *precision(AP, AP50, AP75, AP_small, AP_medium, AP_large, server=True),
            Column("AP on validation images", (AP,)),
            EPOCHS,
            SEEDS,
        ),
        published="mixture_dense_table2",
        rows=(
            Row("YOLOv3 [34]", paper="YOLOv3 [34]"),
            Row("Gaussian YOLOv3 [7]", paper="Gaussian YOLOv3 [7]"),
            Row("RetinaNet [25]", paper="RetinaNet [25]"),
            Row("CornerNet [19]", paper="CornerNet [19]"),
            Row("ExtremeNet [45]", paper="ExtremeNet [45]"),
            Row("FSAF [46]", paper="FSAF [46]"),
            Row("Base, HG, 3X, flip", "boxes_l_base_3x", "flip", paper="Single mode base on HG"),
            Row("MDN_3, HG, 3X, flip", "boxes_l_mdn_3_3x", "flip", paper="MDN_3 (ours) on HG"),
            Row("Base, DLA-34, flip", "boxes_dla_base", "flip", paper="Single mode base on DLA34"),
            Row("MDN_3, DLA-34, flip", "boxes_dla_mdn_3", "flip", paper="MDN_3 (ours) on DLA34"),
        ),
        notes=(
            test_dev("detections"),
            (
                "The paper prints its own four rows as fractions (0.401 is 40.1 %); they are shown as printed. "
                "YOLOv3's APM of 25.4 is 35.4 in its own paper (errata.md, D-16)."
            ),
        ),
    ),
    Table(
        "mixture_dense_table3",
        "Mixture Dense, Table 3, poses, all components and each alone",
        columns=(
            *precision(AP, AP50, AP75, AP_medium, AP_large),
            RUNNING,
            SHARES,
            EPOCHS,
            SEEDS,
        ),
        published="mixture_dense_table3",
        rows=(
            Row("Base", "pose_l_base", "plain", paper="Single mode base"),
            Row("MDN_2", "pose_l_mdn_2", "plain", paper="MDN_2|All components"),
            Row("MDN_2, component 1 alone (back)", "pose_l_mdn_2", "back?.forced.all", paper="MDN_2|component 1"),
            Row("MDN_2, component 2 alone (front)", "pose_l_mdn_2", "front?.forced.all", paper="MDN_2|component 2"),
            Row("MDN_3", "pose_l_mdn_3", "plain", paper="MDN_3|All components"),
            Row("MDN_3, component 1 alone (front)", "pose_l_mdn_3", "front?.forced.all", paper="MDN_3|component 1"),
            Row("MDN_3, component 2 alone (the third)", "pose_l_mdn_3", "rest?.forced.all", paper="MDN_3|component 2"),
            Row("MDN_3, component 3 alone (back)", "pose_l_mdn_3", "back?.forced.all", paper="MDN_3|component 3"),
        ),
        notes=(
            (
                "Component k alone: it predicts every person. Components have no fixed order: MDN_2's are back and "
                "front as in MDN offset's Table 2 (all with C1, C2), MDN_3's front, third and back as in Table 4."
            ),
            (
                "The paper's component 2 of MDN_3 is the best alone (40.7), though by Table 4 it makes 0.3 % of the "
                "predictions: the numbering may differ between its tables (errata.md, D-21)."
            ),
        ),
    ),
    Table(
        "mixture_dense_table4",
        "Mixture Dense, Table 4, what the components predict, MDN_3",
        columns=(
            Column("Predictions, %", (share,), paper=("Prediction rate",)),
            Column("Mean sigma: x / y", (sigma_x, sigma_y), paper=("mean sigma_x", "mean sigma_y")),
            Column("Sd of sigma: x / y", (sigma_x_spread, sigma_y_spread), paper=("std sigma_x", "std sigma_y")),
            Column(
                "Left parts, positive in: x / y",
                (positive, positive),
                ("{of}.left_x", "{of}.left_y"),
                paper=("O+_x rate (Left)", "O+_y rate (Left)"),
            ),
            Column(
                "Right parts, positive in: x / y",
                (positive, positive),
                ("{of}.right_x", "{of}.right_y"),
                paper=("O+_x rate (Right)", "O+_y rate (Right)"),
            ),
            BACK_VIEWS,
            EPOCHS,
            SEEDS,
        ),
        published="mixture_dense_table4",
        rows=(
            Row("Front", "pose_l_mdn_3", "front?", paper="MDN_3|component 1 (Front)"),
            Row("The third", "pose_l_mdn_3", "rest?", paper="MDN_3|component 2 (-)"),
            Row("Back", "pose_l_mdn_3", "back?", paper="MDN_3|component 3 (Back)"),
        ),
        notes=(
            (
                "Sigmas are in cells of the output grid (4 px of the network's input), which grows with the images; "
                "the paper gives no unit. Positive: the share of offsets, in %, from the centre to the right (x) and "
                "down (y)."
            ),
        ),
    ),
    visibility_table(
        "mixture_dense_table5",
        "Mixture Dense, Table 5, visibility against components, MDN_2",
        back="Back mode",
        front="Front mode",
    ),
    groups_table(
        "mixture_dense_table6",
        "Mixture Dense, Table 6, groups of keypoints",
        groups={name: name.capitalize() for name in GROUPS if name not in ("eyes", "elbows", "knees")}
        | {"non_facial": "Non-Facial"},
        displaced=[f"GT Disp. {px}" for px in (1, 2, 3)],
        improvement=None,
        note="The last row is this project's own: the relative improvement of the mean over seeds, as MDN offset's "
        "Table 4 prints it.",
    ),
    Table(
        "mixture_dense_table7",
        "Mixture Dense, Table 7, poses, test-dev",
        columns=(
            Column("Images a second", (images_per_second,), paper=("FPS",), decimals=2),
            *precision(AP, AP50, AP75, AP_medium, AP_large, server=True),
            Column("AP on validation images", (AP,)),
            EPOCHS,
            SEEDS,
        ),
        published="mixture_dense_table7",
        rows=(
            Row("CMU-Pose [5]", paper="CMU-Pose [5]"),
            Row("AssociativeEmbedding [30]", paper="AssociativeEmbedding [30]"),
            Row("PersonLab [32]", paper="PersonLab [32]"),
            Row("Base, 3X, flip", "pose_l_base_3x", "flip", paper="Single-mode base"),
            Row("MDN_3, 3X, flip", "pose_l_mdn_3_3x", "flip", paper="MDN_3 (ours)"),
            Row("Base, 3X", "pose_l_base_3x", "plain", paper="Single-mode base w/o flip"),
            Row("MDN_3, 3X", "pose_l_mdn_3_3x", "plain", paper="MDN_3 w/o flip (ours)"),
            Row("Base, 3X, flip, refined", "pose_l_base_3x", "flip_refined", paper="Single-mode base refined"),
            Row("MDN_3, 3X, flip, refined", "pose_l_mdn_3_3x", "flip_refined", paper="MDN_3 refined (ours)"),
        ),
        notes=(
            test_dev("person_keypoints"),
            "The paper's AP50 of MDN_3 is 82.7 with and without flip, which is suspicious (errata.md, D-23).",
        ),
    ),
    Table(
        "mixture_dense_speed",
        "Mixture Dense, speed and accuracy",
        columns=(
            Column("AP", (AP,)),
            Column("Images a second", (images_per_second,), paper=("FPS",), decimals=2),
            Column("The network alone, images a second", (images_per_second,), "network", decimals=2),
            EPOCHS,
            SEEDS,
        ),
        published="mixture_dense_table2",
        rows=(
            Row(
                "Poses, base",
                "pose_l_base",
                "plain",
                paper="Single-mode base w/o flip",
                paper_table="mixture_dense_table7",
            ),
            Row("Poses, base, refined", "pose_l_base", "refined"),
            Row(
                "Poses, base, flip", "pose_l_base", "flip", paper="Single-mode base", paper_table="mixture_dense_table7"
            ),
            Row(
                "Poses, base, flip, refined",
                "pose_l_base",
                "flip_refined",
                paper="Single-mode base refined",
                paper_table="mixture_dense_table7",
            ),
            Row(
                "Poses, MDN_3",
                "pose_l_mdn_3",
                "plain",
                paper="MDN_3 w/o flip (ours)",
                paper_table="mixture_dense_table7",
            ),
            Row("Poses, MDN_3, refined", "pose_l_mdn_3", "refined"),
            Row("Poses, MDN_3, flip", "pose_l_mdn_3", "flip", paper="MDN_3 (ours)", paper_table="mixture_dense_table7"),
            Row(
                "Poses, MDN_3, flip, refined",
                "pose_l_mdn_3",
                "flip_refined",
                paper="MDN_3 refined (ours)",
                paper_table="mixture_dense_table7",
            ),
            Row("Boxes, HG, base", "boxes_l_base", "plain"),
            Row("Boxes, HG, base, flip", "boxes_l_base", "flip", paper="Single mode base on HG"),
            Row("Boxes, HG, base, 3 scales", "boxes_l_base", "scales_3"),
            Row("Boxes, HG, base, 5 scales", "boxes_l_base", "scales_5"),
            Row("Boxes, HG, MDN_3", "boxes_l_mdn_3", "plain"),
            Row("Boxes, HG, MDN_3, flip", "boxes_l_mdn_3", "flip", paper="MDN_3 (ours) on HG"),
            Row("Boxes, HG, MDN_3, 3 scales", "boxes_l_mdn_3", "scales_3"),
            Row("Boxes, HG, MDN_3, 5 scales", "boxes_l_mdn_3", "scales_5"),
            Row("Boxes, DLA-34, base", "boxes_dla_base", "plain"),
            Row("Boxes, DLA-34, base, flip", "boxes_dla_base", "flip", paper="Single mode base on DLA34"),
            Row("Boxes, DLA-34, base, 3 scales", "boxes_dla_base", "scales_3"),
            Row("Boxes, DLA-34, base, 5 scales", "boxes_dla_base", "scales_5"),
            Row("Boxes, DLA-34, MDN_3", "boxes_dla_mdn_3", "plain"),
            Row("Boxes, DLA-34, MDN_3, flip", "boxes_dla_mdn_3", "flip", paper="MDN_3 (ours) on DLA34"),
            Row("Boxes, DLA-34, MDN_3, 3 scales", "boxes_dla_mdn_3", "scales_3"),
            Row("Boxes, DLA-34, MDN_3, 5 scales", "boxes_dla_mdn_3", "scales_5"),
            Row("Boxes, DLA-34, base, 768 px", "boxes_dla_base_768", "plain"),
            Row("Boxes, DLA-34, base, 768 px, flip", "boxes_dla_base_768", "flip"),
            Row("Boxes, DLA-34, base, 768 px, 3 scales", "boxes_dla_base_768", "scales_3"),
            Row("Boxes, DLA-34, base, 768 px, 5 scales", "boxes_dla_base_768", "scales_5"),
            Row("Boxes, DLA-34, MDN_3, 768 px", "boxes_dla_mdn_3_768", "plain"),
            Row("Boxes, DLA-34, MDN_3, 768 px, flip", "boxes_dla_mdn_3_768", "flip"),
            Row("Boxes, DLA-34, MDN_3, 768 px, 3 scales", "boxes_dla_mdn_3_768", "scales_3"),
            Row("Boxes, DLA-34, MDN_3, 768 px, 5 scales", "boxes_dla_mdn_3_768", "scales_5"),
        ),
        notes=(
            (
                "Images a second: on this machine, one image after another, with reading and decoding. The network "
                "alone: one forward pass, without reading, decoding, mirror image or scales. The paper's numbers "
                "(Tables 2 and 7) are of another machine; those of HG for boxes are of networks trained for 3X, which "
                "are equally fast."
            ),
            (
                "3 and 5 scales: predictions at several sizes merged, with flip. The paper prints its Figure 3 "
                "without numbers."
            ),
        ),
    ),
    Table(
        "mixture_dense_options",
        "Mixture Dense, what else was tried with boxes",
        columns=(
            Column("AP", (AP,), "plain"),
            Column("AP50", (AP50,), "plain"),
            Column("AR", (AR,), "plain"),
            Column("Mean of components: AP", (AP,), "mean"),
            Column("Flip: AP", (AP,), "flip"),
            Column("3 scales: AP", (AP,), "scales_3"),
            Column("5 scales: AP", (AP,), "scales_5"),
            SHARES,
            PARAMETERS,
            EPOCHS,
            SEEDS,
        ),
        rows=(
            Row("HG, base", "boxes_l_base"),
            Row("HG, base, a size for every category", "boxes_l_base_per_category"),
            Row("HG, MDN_1", "boxes_l_mdn_1"),
            Row("HG, MDN_2", "boxes_l_mdn_2"),
            Row("HG, MDN_3", "boxes_l_mdn_3"),
            Row("HG, MDN_5", "boxes_l_mdn_5"),
            Row("HG, MDN_3, minimum sigma 10", "boxes_l_mdn_3_sigma_10"),
            Row("HG, MDN_3, minimum sigma 2", "boxes_l_mdn_3_sigma_2"),
            Row("HG, base, 3X", "boxes_l_base_3x"),
            Row("HG, MDN_3, 3X", "boxes_l_mdn_3_3x"),
            Row("DLA-34, base", "boxes_dla_base"),
            Row("DLA-34, MDN_3", "boxes_dla_mdn_3"),
            Row("DLA-34, base, 768 px, a tenth of the images", "boxes_dla_base_768"),
            Row("DLA-34, MDN_3, 768 px, a tenth of the images", "boxes_dla_mdn_3_768"),
        ),
        notes=(
            (
                "A size for every category: the paper saw no notable difference (Section 4.3.1). Minimum sigma: 1 "
                "with HG and 2 with DLA-34 in the other rows; the paper saw no significant difference up to 10 "
                "(Section 4.2)."
            ),
        ),
    ),
    Table(
        "mixture_dense_components",
        "Mixture Dense, what the components of boxes do",
        columns=(
            SHARES,
            SCALES,
            Column("Correlation with scale", (scale_correlation,), "", decimals=2),
            Column("Correlation with category", (category_correlation,), "", decimals=2),
            Column("Variance of log scale within components", (scale_variance,), "", decimals=3),
            Column(
                "Objects' scale: 5 % / median / 95 %",
                (object_scale, object_scale, object_scale),
                ("low", "median", "high"),
            ),
            EPOCHS,
            SEEDS,
        ),
        rows=(
            Row("HG, MDN_1", "boxes_l_mdn_1"),
            Row("HG, MDN_2", "boxes_l_mdn_2"),
            Row("HG, MDN_3", "boxes_l_mdn_3"),
            Row("HG, MDN_3, evolving winners", "boxes_l_mdn_3_evolving_winners"),
            Row("HG, MDN_5", "boxes_l_mdn_5"),
            Row("DLA-34, MDN_3", "boxes_dla_mdn_3"),
        ),
        notes=(
            (
                "The paper gives correlations of 0.76 with scale and 0.04 with category and does not name the model "
                "(Section 4.3.1). Scales are in px of the image."
            ),
        ),
    ),
    Table(
        "mixture_dense_overfit",
        "Mixture Dense, an overfit check on the training images, boxes",
        columns=(
            Column("Training images: AP / AP50", (AP, AP50), "train.plain"),
            Column("Validation images: AP / AP50", (AP, AP50), "plain"),
            SHARES,
            EPOCHS,
            SEEDS,
        ),
        training_images=True,
        rows=(
            Row("HG, base", "boxes_l_base"),
            Row("HG, MDN_1", "boxes_l_mdn_1"),
            Row("HG, MDN_2", "boxes_l_mdn_2"),
            Row("HG, MDN_3", "boxes_l_mdn_3"),
            Row("HG, MDN_5", "boxes_l_mdn_5"),
        ),
        notes=(("An overfit check: only AP on the validation images measures accuracy."),),
    ),
)
