"""The quantities of detection variants: precision, what components of mixtures do, training, and speed.

Precision (AP, AR, ...) is measured at a *place*, the argument:

| place                                   | which predictions                                                         |
| --------------------------------------- | ------------------------------------------------------------------------- |
| none, or a mode (`refined`, `flip`, ...)| made in this mode (pipeline/detection/results.py); `plain` without one    |
| `train.MODE`                            | the same, on the images that it was trained on                            |
| `full.SUBSET`                           | `plain`, on a subset of people and keypoints                              |
| `COMPONENT.without`                     | without those that a component makes (names: components.py)               |
| `COMPONENT.only.SUBSET`                 | only those that a component makes                                         |
| `COMPONENT.forced.SUBSET`               | with every object predicted by one component                              |
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pipeline.report import components, histories
from pipeline.report import readers_detection as read
from pipeline.report.evidence import Quantity

_of_detection = partial(Quantity, side="detection")
# Two seeds of one small network on made scenes differed by 4 points of AP, of which 2 are asked. At full size on COCO
# 0.3 would do, so that a gap between the two counts as noise there until there are several seeds.
_of_precision = partial(_of_detection, unit="%", higher_is_better=True, gap=2.0)

AP = _of_precision(
    "AP",
    "COCO's average precision in percent, on the validation images after the last epoch",
    read.precision("ap"),
)
AP50 = _of_precision("AP50", "AP at an overlap (for keypoints an OKS) of 0.5", read.precision("ap_50"))
AP75 = _of_precision("AP75", "AP at 0.75", read.precision("ap_75"))
AP_small = _of_precision("AP_small", "AP of small objects", read.precision("ap_small"), heading="APS")
AP_medium = _of_precision("AP_medium", "AP of medium objects", read.precision("ap_medium"), heading="APM")
AP_large = _of_precision("AP_large", "AP of large objects", read.precision("ap_large"), heading="APL")
AR = _of_precision("AR", "COCO's average recall in percent, on the same images", read.precision("ar"))
AP_group = _of_precision(
    "AP_group",
    "AP measured on one group of keypoints",
    read.of_seed(read.group, "no AP by group of keypoints recorded"),
)

AP_running = _of_precision(
    "AP_running",
    "AP with batch norm's running statistics, as the authors' code evaluates, of predictions made at one scale without "
    "flip; every other number has statistics renewed from training images, because the running ones lag behind the "
    "weights (errata.md, Paper against code). `-`: of other predictions, or nothing was renewed",
    read.running_statistics("ap"),
    heading="AP, running statistics",
)
AR_running = replace(
    AP_running,
    name="AR_running",
    meaning="AR with the same statistics",
    read=read.running_statistics("ar"),
    heading="AR, running statistics",
)

AP_displaced = _of_detection(
    "AP_displaced",
    "AP of the annotated keypoints themselves, moved by 1, 2 or 3 px, of one group",
    read.of_truth(read.displaced),
    unit="%",
    once=True,
    rests_on="data",
)
visible_keypoints = _of_detection(
    "visible_keypoints",
    "share of the annotated keypoints that are visible, in percent",
    read.of_truth(lambda truth, _: truth.visible_keypoints),
    unit="%",
    once=True,
    rests_on="data",
)
hidden_keypoints = replace(
    visible_keypoints,
    name="hidden_keypoints",
    meaning="the rest to 100 %",
    read=read.of_truth(lambda truth, _: read.hidden(truth.visible_keypoints)),
)
visible_face = replace(
    visible_keypoints,
    name="visible_face",
    meaning="share of people with more than 5 annotated keypoints whose nose is visible, in percent",
    read=read.of_truth(lambda truth, _: truth.visible_face),
)
hidden_face = replace(
    visible_keypoints,
    name="hidden_face",
    meaning="the rest to 100 %",
    read=read.of_truth(lambda truth, _: read.hidden(truth.visible_face)),
)
visible_face_strict = replace(
    visible_keypoints,
    name="visible_face_strict",
    meaning="the same of people with at least 10 annotated keypoints",
    read=read.of_truth(lambda truth, _: truth.visible_face_strict),
)
hidden_face_strict = replace(
    visible_keypoints,
    name="hidden_face_strict",
    meaning="the rest to 100 %",
    read=read.of_truth(lambda truth, _: read.hidden(truth.visible_face_strict)),
)
object_scale = _of_detection(
    "object_scale",
    "a quantile of the square root of the annotated objects' area, in px of the image",
    read.of_truth(read.truth_scale),
    unit="px",
    once=True,
    rests_on="data",
)

share = _of_detection(
    "share",
    "share of the predictions of score 0.5 or more that a component makes, in percent",
    read.of_component(lambda one, _: one.share),
    unit="%",
    gap=2.0,
)
share_strict = replace(
    share,
    name="share_strict",
    meaning="the same of score 0.7 or more",
    read=read.of_component(lambda one, _: one.share_strict),
)
sigma_x = _of_detection(
    "sigma_x",
    "mean standard deviation along x, in cells, of the predictions that a component makes",
    read.sigma("mean_x"),
    unit="cells",
    relative_gap=0.05,
)
sigma_y = replace(sigma_x, name="sigma_y", meaning="the same along y", read=read.sigma("mean_y"))
sigma_x_spread = replace(
    sigma_x, name="sigma_x_spread", meaning="how much it differs from prediction to prediction", read=read.sigma("sd_x")
)
sigma_y_spread = replace(sigma_x, name="sigma_y_spread", meaning="the same along y", read=read.sigma("sd_y"))
positive = _of_detection(
    "positive",
    "share of the left (right) parts' offsets that point right (x) or down (y) in the image, in percent",
    read.of_component(read.positive),
    unit="%",
    gap=2.0,
)
median_scale = _of_detection(
    "median_scale",
    "median of the square root of the area, in px, of the boxes that a component makes",
    read.of_component(lambda one, _: one.scale.median if one.scale else None),
    unit="px",
    relative_gap=0.05,
)
views = _of_detection(
    "views",
    "how many of the two views, front and back, have a component of their own",
    read.of_mixture(lambda mixture, _: 2.0 if components.tells_views_apart(mixture) else 0.0, "no mixture recorded"),
)
drop = _of_detection(
    "drop",
    "AP lost when a component's predictions are ignored; by rank, 1 is the largest loss",
    read.of_mixture(read.drop, "no AP without its components recorded"),
    gap=1.0,
)
contributing = _of_detection(
    "contributing",
    "how many components cost more AP than so much when they are ignored",
    read.of_mixture(
        lambda mixture, expression: float(sum(loss > read.whole(expression) for loss in read.ap_drops(mixture))),
        "no AP without its components recorded",
    ),
)
used = _of_detection(
    "used",
    "how many components make a larger share of the predictions than so many percent",
    read.of_mixture(read.used, "no confident prediction"),
)
largest_weight = _of_detection(
    "largest_weight",
    "mean of the largest mixing weight, from 0 to 1",
    read.of_mixture(lambda mixture, _: mixture.largest_weight, "no weights recorded"),
    heading="Largest weight",
    decimals=2,
    gap=0.01,
)
scale_correlation = _of_detection(
    "scale_correlation",
    "Pearson correlation of the chosen component's rank by scale with the object's scale",
    read.of_mixture(
        lambda mixture, _: mixture.scale_correlation, "one component makes all predictions, so nothing to correlate"
    ),
    heading="Correlation with scale",
    decimals=2,
    gap=0.05,
)
category_correlation = replace(
    scale_correlation,
    name="category_correlation",
    meaning="the same with the object's category",
    read=read.of_mixture(
        lambda mixture, _: mixture.category_correlation, "one component makes all predictions, so nothing to correlate"
    ),
    heading="Correlation with category",
)
scale_variance = _of_detection(
    "scale_variance",
    "variance of the logarithm of the scale within components; the smaller, the better they separate objects by scale",
    read.of_mixture(lambda mixture, _: mixture.scale_variance, "no variance recorded"),
    heading="Variance of log scale within components",
    decimals=3,
    relative_gap=0.05,
)
scale_misfit = _of_detection(
    "scale_misfit",
    "how far the shares of predictions below the annotated scales' quartiles are from 25, 50 and 75 %, at most",
    read.scale_misfit,
    unit="%",
    gap=2.0,
)

largest_fall = _of_detection(
    "largest_fall",
    "largest fall of AP from one validation to the next after the first third of the training",
    read.of_curve(histories.largest_fall),
    gap=1.0,
)
# Between few validations AP rises by as much because the network still learns.
largest_jump = _of_detection(
    "largest_jump", "the same up or down", read.of_curve(histories.largest_jump, validations=10), gap=1.0
)
AP_final = _of_precision(
    "AP_final", "AP at the last validation while training", read.of_curve(lambda curve: float(curve.iloc[-1]))
)
AP_best = _of_precision(
    "AP_best", "the highest AP at any validation while training", read.of_curve(lambda curve: float(curve.max()))
)
epochs_to = _of_detection(
    "epochs_to",
    "epochs until AP first reaches 90 % of another variant's last; twice all epochs if it never does",
    read.epochs_to,
    unit="epochs",
    gap=1.0,
)
images_per_second = _of_detection(
    "images_per_second",
    "speed of prediction in a mode on the machine of this run, one image after another, with reading and decoding; "
    "`network`: one forward pass alone",
    read.speed,
    unit="/s",
    heading="Images a second",
    decimals=2,
    relative_gap=0.05,
    once=True,
    rests_on="machine",
)
dominated = _of_detection(
    "dominated",
    "share of a variant's modes that some mode of another equals or beats in speed and in AP, in percent",
    read.dominated,
    unit="%",
)
