"""The quantities of lifting variants: errors, mixtures, meshes, training, and learned edge weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import nearest
from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.lifting.results import EVERYWHERE, Meshes, Mixture, Seed
from pipeline.report import body_parts, edge_weights, histories
from pipeline.report.evidence import BySeed, Evidence, Expression, NoSuchNumberError, NotRunError, Quantity
from pipeline.report.metrics import FRAMES, HEADLINE, action, joint

Read = Callable[[Evidence, Expression], BySeed]

# MPI-INF-3DHP's scenes, as arguments of PCK and AUC -> as its reader calls them.
SCENES = {
    "green_screen": "studio with green screen",
    "no_green_screen": "studio without green screen",
    "outdoor": "outdoor",
    "all": EVERYWHERE,
}


# --- readers: of the metrics file -------------------------------------------------------------------------------------


def _error(metric: str, average: str = HEADLINE) -> Read:
    """An error of one prediction, the argument; without one, of the prediction that the model is judged by."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        metrics = evidence.results[expression.variant]
        prediction = expression.argument or metrics.seeds[0].main_prediction
        if prediction not in metrics.seeds[0].predictions:
            raise InputError(f"{expression.label}: it makes no prediction {prediction!r}")
        which = action(expression.action) if expression.action else average
        values = evidence.results.by_seed(expression.variant, prediction, metric, which)
        if not values:
            raise NoSuchNumberError(f"{expression.label}: not measured")
        return values

    return by_seed


def _error_of_action(evidence: Evidence, expression: Expression) -> BySeed:
    """P1 in one action, the argument, which the data may lack."""
    name, actions = expression.argument or "", evidence.results.actions
    if name not in actions:
        raise NotRunError(f"no test pose of {name}; the actions are {', '.join(actions)}")
    return P1.read(evidence, replace(expression, argument=None, action=name))


def _error_of_joints(evidence: Evidence, expression: Expression) -> BySeed:
    """P1 of a part of the body, or of one joint: the mean over its joints."""
    variant, results = expression.variant, evidence.results
    prediction = results[variant].seeds[0].main_prediction
    joints = body_parts.joints_of(expression.argument or "")
    by_joint = [results.by_seed(variant, prediction, "mpjpe", joint(name)) for name in joints]
    if not all(by_joint):
        raise NoSuchNumberError(f"{variant}: no error of {' and '.join(joints)} recorded")
    return {seed: math.fsum(values[seed] for values in by_joint) / len(by_joint) for seed in by_joint[0]}


def _of_seed(value: Callable[[Seed], float | None], missing: str) -> Read:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        seeds = evidence.results[expression.variant].seeds
        values = {seed.seed: found for seed in seeds if (found := value(seed)) is not None}
        if not values:
            raise NoSuchNumberError(f"{expression.variant}: {missing}")
        return values

    return by_seed


def _of_mixture(value: Callable[[Mixture], float | None], missing: str = "no mixture recorded") -> Read:
    return _of_seed(lambda seed: value(seed.mixture) if seed.mixture else None, missing)


def _mesh_error(evidence: Evidence, expression: Expression) -> BySeed:
    scale = expression.argument or ""
    if scale not in Meshes.model_fields:
        raise InputError(f"{expression.label}: no mesh {scale!r}; write {' or '.join(Meshes.model_fields)}")

    def value(seed: Seed) -> float | None:
        mesh = getattr(seed.meshes, scale) if seed.meshes else None
        return mesh.mpvpe.action_average if mesh else None

    return _of_seed(value, f"no {scale} mesh recorded")(evidence, expression)


def _elsewhere(measure: str) -> Read:
    """A measure on another data set, in one of SCENES."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        name = expression.argument or ""
        if name not in SCENES:
            raise InputError(f"{expression.label}: no scene {name!r}{nearest(name, SCENES)}")
        if not any(seed.generalization for seed in evidence.results[expression.variant].seeds):
            raise NotRunError(f"{expression.variant}: not tested on another data set")

        def value(seed: Seed) -> float | None:
            return seed.generalization.value(SCENES[name], measure) if seed.generalization else None

        return _of_seed(value, "no pose of this scene")(evidence, expression)

    return by_seed


def _best_on_test(metric: str) -> Read:
    """Without training there are no epochs to choose from."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        metrics = evidence.results[expression.variant]
        prediction = expression.argument or metrics.seeds[0].main_prediction

        def value(seed: Seed) -> float | None:
            best = seed.best_on_test if metrics.trained_here else None
            return best.by_prediction.get(prediction, {}).get(metric) if best else None

        return _of_seed(value, "no epochs to choose from")(evidence, expression)

    return by_seed


def _parameters(evidence: Evidence, expression: Expression) -> BySeed:
    """A closed form has none that are trained."""
    metrics = evidence.require(expression)
    if not metrics.parameters or getattr(metrics, "closed_form", False):
        raise NoSuchNumberError(f"{expression.variant}: no parameters that are trained")
    return dict.fromkeys((seed.seed for seed in metrics.seeds), float(metrics.parameters))


def _loss_gap(seed: Seed) -> float | None:
    if seed.loss is None or seed.loss.test is None or seed.loss.train is None:
        return None
    return seed.loss.test - seed.loss.train


def calibration_error(mixture: Mixture) -> float | None:
    """Mean distance between p % and the share of true poses in the most likely p %, in percentage points."""
    if not mixture.calibration:
        return None
    distances = [abs(share - float(level)) for level, share in mixture.calibration.items()]
    return 100 * sum(distances) / len(distances)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


# --- readers: of history.csv, environment.json and the evaluation's arrays --------------------------------------------


def _of_curve(value: Callable[[pd.Series], float]) -> Read:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        values = {}
        for seed in evidence.results[expression.variant].seeds:
            losses = histories.loss_curve(histories.lifting(evidence.run, expression.variant, seed.seed))
            if len(losses) < 3:
                raise NotRunError(f"{expression.variant}: its history is too short for a curve")
            values[seed.seed] = value(losses)
        return values

    return by_seed


def _environment(key: str, change: Callable[[float, Evidence, str], float] = lambda value, *_: value) -> Read:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        values = {}
        for seed in evidence.results[expression.variant].seeds:
            record = artifacts.read_json(evidence.run.layout.environment(expression.variant, seed.seed))
            if not record.get(key):
                raise NotRunError(f"{expression.variant}: {key} not recorded")
            values[seed.seed] = change(float(record[key]), evidence, expression.variant)
        return values

    return by_seed


def _of_stated_epochs(seconds: float, evidence: Evidence, variant: str) -> float:
    """The time of this training, times the epochs stated over those trained."""
    training = evidence.results[variant].training
    if training is None or not training.epochs:
        raise NotRunError(f"{variant}: epochs not recorded")
    return seconds * (training.epochs_stated / training.epochs)


def _of_edges(value: Callable[[edge_weights.Matrices], float]) -> Read:
    return lambda evidence, expression: {
        seed.seed: value(edge_weights.read(evidence.run, expression.variant, seed.seed))
        for seed in evidence.results[expression.variant].seeds
    }


def _joint_weight(evidence: Evidence, expression: Expression) -> BySeed:
    name = expression.argument or ""
    if name not in HUMAN36M_16.names:
        raise InputError(f"{expression.label}: no joint {name!r}{nearest(name, HUMAN36M_16.names)}")
    return _of_edges(lambda matrices: edge_weights.joint_weight(matrices, name))(evidence, expression)


# --- errors -----------------------------------------------------------------------------------------------------------

P1 = Quantity(
    "P1",
    "MPJPE (Protocol 1), the mean distance of a joint from the truth in mm, after the last epoch, averaged action by "
    "action as published",
    _error("mpjpe"),
    unit="mm",
    gap=0.5,
)
P2 = Quantity(
    "P2",
    "P-MPJPE (Protocol 2), the same after each pose was moved, turned and scaled onto the truth",
    _error("p_mpjpe"),
    unit="mm",
    gap=0.5,
)
P1_frames = Quantity(
    "P1_frames",
    "P1 averaged over all test poses alike, so that long actions count more",
    _error("mpjpe", FRAMES),
    unit="mm",
    heading="P1, frame average",
)
P2_frames = replace(
    P1_frames,
    name="P2_frames",
    meaning="P2 averaged over all test poses alike",
    read=_error("p_mpjpe", FRAMES),
    heading="P2, frame average",
)
P1_best_on_test = Quantity(
    "P1_best_on_test",
    "P1 of the epoch that did best on the test subjects (for a mixture: whose oracle did best), as the authors' code "
    "chooses it; for comparison only, because the test data choose the epoch",
    _best_on_test("mpjpe"),
    unit="mm",
    heading="P1, best epoch on test",
)
P2_best_on_test = replace(
    P1_best_on_test,
    name="P2_best_on_test",
    meaning="P2 of the same epoch",
    read=_best_on_test("p_mpjpe"),
    heading="P2, best epoch on test",
)
P1_action = Quantity("P1_action", "P1 of one action", _error_of_action, unit="mm", gap=1.0)
P1_joints = Quantity(
    "P1_joints", "P1 of one joint or part of the body, over all test poses", _error_of_joints, unit="mm", gap=1.0
)
MPVPE = Quantity(
    "MPVPE",
    "mean distance of a coarse mesh's vertices from those of the body fitted to the true joints, roots together, in "
    "mm, averaged action by action; nodes that stand for no vertex and poses whose body does not fit are left out; "
    "`fine` is HGN's M^{C-1} (96 nodes), `coarse` its M^C (48)",
    _mesh_error,
    unit="mm",
    gap=1.0,
)
depth_visible = Quantity(
    "depth_visible",
    "absolute error along the camera's axis, in mm, of joints in plain sight (without the root)",
    _of_seed(lambda seed: seed.depth.visible_mm if seed.depth else None, "no error in depth recorded"),
    unit="mm",
    heading="Depth error, seen",
)
depth_occluded = Quantity(
    "depth_occluded",
    "the same of joints that another part of the body, as thick as a forearm, hides from the camera",
    _of_seed(lambda seed: seed.depth.occluded_mm if seed.depth else None, "no error in depth recorded"),
    unit="mm",
    heading="Depth error, hidden",
    gap=1.0,
)
hidden_joints = Quantity(
    "hidden_joints",
    "share of the joints that are hidden, in percent",
    _of_seed(lambda seed: _percent(seed.depth.occluded_share) if seed.depth else None, "no error in depth recorded"),
    unit="%",
    heading="Hidden joints",
)
PCK = Quantity(
    "PCK",
    "on another data set, share of joints less than 150 mm off, in percent, over 14 joints with the roots together; "
    "every frame counts the same",
    _elsewhere("pck"),
    unit="%",
    higher_is_better=True,
    gap=0.5,
)
AUC = Quantity(
    "AUC",
    "mean of such shares over 31 thresholds from 0 to 150 mm, in percent",
    _elsewhere("auc"),
    unit="%",
    higher_is_better=True,
    gap=0.5,
)
MPJPE_elsewhere = Quantity(
    "MPJPE_elsewhere",
    "on another data set, the mean distance of a joint from the truth in mm, over all joints of the network",
    _elsewhere("mpjpe"),
    unit="mm",
    heading="MPJPE",
)

# --- mixtures ---------------------------------------------------------------------------------------------------------

kernels_effective = Quantity(
    "kernels_effective",
    "exp of the weights' entropy, averaged over poses; 1 if one kernel has all the weight, the number of kernels if "
    "all weigh the same",
    _of_mixture(lambda mixture: mixture.components_used.mean_effective),
    heading="Effective kernels",
    decimals=2,
)
largest_kernel_weight = Quantity(
    "largest_kernel_weight",
    "the largest weight of a kernel, averaged over poses, in percent",
    _of_mixture(lambda mixture: 100 * max(mixture.mean_weights)),
    unit="%",
    heading="Largest weight",
)
nll = Quantity(
    "nll",
    "negative log-likelihood of the true pose (in metres, without the root), averaged over poses; lower is better",
    _of_mixture(lambda mixture: mixture.nll),
    unit="nats",
    heading="NLL",
)
calibration = Quantity(
    "calibration",
    "how far the share of true poses in the mixture's most likely p % is from p %, averaged over p = 10, 20, ..., 90; "
    "0 is best",
    _of_mixture(calibration_error),
    unit="%",
    heading="Calibration error",
)
spread_x = Quantity(
    "spread_x",
    "standard deviation of the kernels' means to the side as the camera sees them, in mm, over all test poses",
    _of_mixture(lambda mixture: mixture.spread_mm.get("x")),
    unit="mm",
    heading="Spread x",
)
spread_y = replace(
    spread_x,
    name="spread_y",
    meaning="the same in height",
    read=_of_mixture(lambda mixture: mixture.spread_mm.get("y")),
    heading="Spread y",
)
spread_depth = replace(
    spread_x,
    name="spread_depth",
    meaning="the same along the camera's axis",
    read=_of_mixture(lambda mixture: mixture.spread_mm.get("depth")),
    heading="Spread depth",
)
pairwise_distance = Quantity(
    "pairwise_distance",
    "distance of two kernels' means in mm with their roots together, averaged over joints, pairs and poses, whatever "
    "their weights: a kernel that is never used counts, and may lie metres away",
    _of_mixture(lambda mixture: mixture.pairwise_distance_mm, "no distance between kernels recorded"),
    unit="mm",
    heading="Kernels apart",
    relative_gap=0.05,
)
ambiguous = Quantity(
    "ambiguous",
    "share of poses whose oracle P1 is below 0.8 of the mean's, in percent",
    _of_mixture(lambda mixture: _percent(mixture.ambiguous_share)),
    unit="%",
    heading="Ambiguous poses",
)
depth_ratio = Quantity(
    "depth_ratio",
    "variance of a mixture's kernels in depth over that across the view, on ambiguous poses",
    _of_mixture(
        lambda mixture: mixture.depth_ratio, "no pose whose best hypothesis is much better than the mean, or no spread"
    ),
    heading="Variance, depth / across",
    relative_gap=0.05,
)
reprojection_px = Quantity(
    "reprojection_px",
    "distance of a pose's worst kernel above 5 % weight from the 2D input when projected, in px, averaged over poses",
    _of_mixture(lambda mixture: mixture.reprojection_px.worst, "no reprojection error recorded"),
    unit="px",
    heading="Reprojection",
    relative_gap=0.05,
)
depth_spread_px = Quantity(
    "depth_spread_px",
    "spread of the same kernels in depth, in the px that it would cover across the view",
    _of_mixture(lambda mixture: mixture.reprojection_px.depth_spread_px, "no spread along depth recorded"),
    heading="Depth spread",
)

# --- training ---------------------------------------------------------------------------------------------------------

parameters = Quantity(
    "parameters", "how many numbers are trained", _parameters, side="both", heading="Parameters", once=True
)
loss_gap = Quantity(
    "loss_gap",
    "test loss less training loss, after the last epoch",
    _of_seed(_loss_gap, "no loss recorded on both sets"),
    gap=1.0,
)
final_loss = Quantity(
    "final_loss",
    "training loss of the last epoch, or of its last tenth in a short run",
    _of_curve(lambda losses: float(losses.iloc[-1])),
    relative_gap=0.02,
)
roughness = Quantity(
    "roughness",
    "mean relative change of the training loss from epoch to epoch, or tenth to tenth in a short run",
    _of_curve(histories.roughness),
    relative_gap=0.05,
)
poses_per_second = Quantity(
    "poses_per_second", "speed of the training", _environment("poses_per_second"), unit="/s", relative_gap=0.05
)
stated_seconds = Quantity(
    "stated_seconds",
    "time of the training here, times the epochs stated over those trained",
    _environment("seconds", _of_stated_epochs),
    unit="s",
    relative_gap=0.05,
)
inference_seconds_per_pose = Quantity(
    "inference_seconds_per_pose",
    "time of the finished network per pose, in batches of one size for all",
    _environment("inference_poses_per_second", lambda speed, *_: 1 / speed),
    unit="s",
    relative_gap=0.05,
)

# --- learned edge weights (SemGCN, Figures 7 and 8) -------------------------------------------------------------------

layer_correlation = Quantity(
    "layer_correlation",
    "mean correlation of the edge weights of two layers",
    _of_edges(edge_weights.layer_correlation),
    gap=0.02,
)
hop_correlation = Quantity(
    "hop_correlation",
    "rank correlation of a joint's own weight with its distance from the pelvis in the skeleton",
    _of_edges(edge_weights.hop_correlation),
    gap=0.1,
)
joint_weight = Quantity(
    "joint_weight",
    "what a joint keeps of itself in a SemGConv layer, averaged over the layers",
    _joint_weight,
    gap=0.005,
)
