"""The quantities that claims are about, a value a seed: `P1(graphmdn, mean)`, `roughness(resgcn)`, ...

What claims on lifting ask for is here, what those on images ask for in detection_evidence.py. QUANTITIES lists all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pandas as pd

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run, nearest
from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.report import body_parts, detection_evidence, edge_weights, generalization, histories
from pipeline.report.detection_metrics import DetectionResults
from pipeline.report.detection_schema import DetectionMetrics
from pipeline.report.expression import BySeed, Expression, NotRunError
from pipeline.report.metrics import HEADLINE, Results, action, joint
from pipeline.report.schema import Meshes, Metrics, Reprojection, Seed

EPOCHS_FOR_A_CURVE = 10  # with fewer, a training curve is cut into tenths of an epoch instead of epochs


@dataclass(frozen=True)
class Evidence:
    """A preset's results, and the training records and arrays beside them. A quantity is worked out once."""

    run: Run
    results: Results
    detection: DetectionResults
    known: dict[Expression, BySeed] = field(default_factory=dict)

    def by_seed(self, expression: Expression) -> BySeed:
        """The quantity for every seed. Raises NotRunError if the variant was not run or the run does not have it."""
        self._require(expression)
        if expression not in self.known:
            self.known[expression] = QUANTITIES[expression.quantity](self, expression)
        return self.known[expression]

    def trained_as_stated(self, expression: Expression) -> bool:
        """Whether a variant had its paper's budget. Raises NotRunError if it had none at all."""
        metrics = self._require(expression)
        return detection_evidence.full_budget(metrics) if isinstance(metrics, DetectionMetrics) else metrics.full_budget

    def _require(self, expression: Expression) -> Metrics | DetectionMetrics:
        """The metrics of an expression's variant, which must exist, suit the quantity, and have been run."""
        variant = expression.variant
        metrics: Metrics | DetectionMetrics
        if expression.quantity in detection_evidence.QUANTITIES:
            self.run.detection_variant(variant)
            metrics = self.detection[variant]
        else:
            self.run.variant(variant)
            metrics = self.results[variant]
        if not metrics.ran:
            raise NotRunError(f"{variant} was not run ({metrics.reason or 'no seeds'})")
        return metrics


# --- errors, parameters, mixtures: from the metrics files -------------------------------------------------------------


def _error(metric: str) -> Callable[[Evidence, Expression], BySeed]:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        prediction = expression.argument or evidence.results[expression.variant].seeds[0].main_prediction
        average = action(expression.action) if expression.action else HEADLINE
        values = evidence.results.by_seed(expression.variant, prediction, metric, average)
        if not values:
            raise InputError(f"claims: {expression.label}: {expression.variant} makes no prediction {prediction!r}")
        return values

    return by_seed


def _error_of_action(evidence: Evidence, expression: Expression) -> BySeed:
    """P1 of the pose that a model is judged by, in one action, which the data may lack."""
    name = expression.argument or ""
    if name not in evidence.results.actions:
        raise NotRunError(f"no test pose of {name}; the actions are {', '.join(evidence.results.actions)}")
    return _error("mpjpe")(evidence, replace(expression, argument=None, action=name))


def _error_of_joints(evidence: Evidence, expression: Expression) -> BySeed:
    """P1 of a part of the body, or of one joint: the mean over its joints."""
    variant, results = expression.variant, evidence.results
    prediction = results[variant].seeds[0].main_prediction
    joints = body_parts.joints_of(expression.argument or "")
    by_joint = [results.by_seed(variant, prediction, "mpjpe", joint(name)) for name in joints]
    if not all(by_joint):
        raise NotRunError(f"{variant}: no error of {' and '.join(joints)} recorded")
    return {seed: math.fsum(values[seed] for values in by_joint) / len(by_joint) for seed in by_joint[0]}


def _mesh_error(evidence: Evidence, expression: Expression) -> BySeed:
    scale = expression.argument or ""
    if scale not in Meshes.model_fields:
        raise InputError(f"claims: {expression.label}: no mesh {scale!r}; write {' or '.join(Meshes.model_fields)}")

    def value(seed: Seed) -> float | None:
        mesh = getattr(seed.meshes, scale) if seed.meshes else None
        return mesh.mpvpe.action_average if mesh else None

    return _of_seed(value, f"no {scale} mesh recorded")(evidence, expression)


def _elsewhere(measure: str) -> Callable[[Evidence, Expression], BySeed]:
    """A measure on another data set, in a scene (its field's name with `_` for blanks) or in `all` of them."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        scenes = {field.replace(" ", "_"): scene for scene, (_, field) in generalization.SCENES.items()}
        name = expression.argument or ""
        if name not in scenes:
            raise InputError(f"claims: {expression.label}: no scene {name!r}{nearest(name, scenes)}")

        def value(seed: Seed) -> float | None:
            return seed.generalization.value(scenes[name], measure) if seed.generalization else None

        return _of_seed(value, "not tested on another data set, or not on this scene")(evidence, expression)

    return by_seed


def _of_seed(value: Callable[[Seed], float | None], missing: str) -> Callable[[Evidence, Expression], BySeed]:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        seeds = evidence.results[expression.variant].seeds
        values = {seed.seed: found for seed in seeds if (found := value(seed)) is not None}
        if not values:
            raise NotRunError(f"{expression.variant}: {missing}")
        return values

    return by_seed


def _parameters(evidence: Evidence, expression: Expression) -> BySeed:
    metrics = evidence.results[expression.variant]
    if metrics.parameters is None:
        raise NotRunError(f"{expression.variant}: parameters not counted")
    return dict.fromkeys((seed.seed for seed in metrics.seeds), float(metrics.parameters))


def _loss_gap(seed: Seed) -> float | None:
    if seed.loss is None or seed.loss.test is None or seed.loss.train is None:
        return None
    return seed.loss.test - seed.loss.train


def _depth_ratio(seed: Seed) -> float | None:
    return seed.mixture.depth_ratio if seed.mixture else None


def _pairwise_distance(seed: Seed) -> float | None:
    return seed.mixture.pairwise_distance_mm if seed.mixture else None


def _reprojection(seed: Seed) -> Reprojection:
    return seed.mixture.reprojection_px if seed.mixture else Reprojection()


# --- training: from history.csv and environment.json ------------------------------------------------------------------


def history(run: Run, variant: str, seed: int) -> pd.DataFrame:
    """A training's history: epoch, step, learning_rate, loss and the test figures at the end of each epoch."""
    remedy = f"run `python -m pipeline train_lifting --variant {variant}` again"
    return histories.read(run.layout.history(variant, seed), ("epoch", "loss", "test_mpjpe"), remedy)


def curve(frame: pd.DataFrame) -> pd.Series:
    """The training loss an epoch, or a tenth of one where there are fewer than ten; indexed by the end's epoch."""
    interval = 1.0 if frame["epoch"].max() >= EPOCHS_FOR_A_CURVE else 0.1
    # An epoch's last row belongs to it and not to the next, whatever floating point made of the fraction.
    bins = -((-frame["epoch"] + 1e-6) // interval)
    return frame["loss"].groupby(bins * interval).mean()


def roughness(losses: pd.Series) -> float:
    """Mean relative change of a curve from one point to the next (claim SG-7)."""
    return float((losses.diff().abs() / losses.shift()).iloc[1:].mean())


def _of_curve(value: Callable[[pd.Series], float]) -> Callable[[Evidence, Expression], BySeed]:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        values = {}
        for seed in evidence.results[expression.variant].seeds:
            losses = curve(history(evidence.run, expression.variant, seed.seed))
            if len(losses) < 3:
                raise NotRunError(f"{expression.variant}: its history is too short for a curve")
            values[seed.seed] = value(losses)
        return values

    return by_seed


def _environment(key: str, factor: Callable[[Evidence, str], float]) -> Callable[[Evidence, Expression], BySeed]:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        values = {}
        for seed in evidence.results[expression.variant].seeds:
            record = artifacts.read_json(evidence.run.layout.environment(expression.variant, seed.seed))
            if not record.get(key):
                raise NotRunError(f"{expression.variant}: {key} not recorded")
            values[seed.seed] = float(record[key]) * factor(evidence, expression.variant)
        return values

    return by_seed


def _stated_over_trained(evidence: Evidence, variant: str) -> float:
    """What the time of this run is multiplied with to have the time of the stated epochs."""
    training = evidence.results[variant].training
    if training is None or not training.epochs:
        raise NotRunError(f"{variant}: epochs not recorded")
    return training.epochs_stated / training.epochs


def _seconds_per_pose(evidence: Evidence, expression: Expression) -> BySeed:
    """Of a finished model, in batches of one size for every variant."""
    speeds = _environment("inference_poses_per_second", lambda evidence, variant: 1.0)(evidence, expression)
    return {seed: 1 / speed for seed, speed in speeds.items()}


# --- edge weights: from the evaluation's arrays -----------------------------------------------------------------------


def _of_edges(value: Callable[[edge_weights.Matrices], float]) -> Callable[[Evidence, Expression], BySeed]:
    return lambda evidence, expression: {
        seed.seed: value(edge_weights.read(evidence.run, expression.variant, seed.seed))
        for seed in evidence.results[expression.variant].seeds
    }


def _joint_weight(evidence: Evidence, expression: Expression) -> BySeed:
    name = expression.argument or ""
    if name not in HUMAN36M_16.names:
        raise InputError(f"claims: {expression.label}: no joint {name!r}{nearest(name, HUMAN36M_16.names)}")
    return _of_edges(lambda matrices: edge_weights.joint_weight(matrices, name))(evidence, expression)


# --- all of them ------------------------------------------------------------------------------------------------------

QUANTITIES: dict[str, Callable[[Evidence, Expression], BySeed]] = {
    "P1": _error("mpjpe"),
    "P2": _error("p_mpjpe"),
    "P1_action": _error_of_action,
    "P1_joints": _error_of_joints,
    "MPVPE": _mesh_error,
    "depth_occluded": _of_seed(
        lambda seed: seed.depth.occluded_mm if seed.depth else None, "no error in depth recorded"
    ),
    "PCK": _elsewhere("pck"),
    "AUC": _elsewhere("auc"),
    "parameters": _parameters,
    "loss_gap": _of_seed(_loss_gap, "no loss recorded on both sets"),
    "depth_ratio": _of_seed(_depth_ratio, "no pose whose best hypothesis is much better than the mean, or no spread"),
    "reprojection_px": _of_seed(lambda seed: _reprojection(seed).worst, "no reprojection error recorded"),
    "depth_spread_px": _of_seed(lambda seed: _reprojection(seed).depth_spread_px, "no spread along depth recorded"),
    "pairwise_distance": _of_seed(_pairwise_distance, "no distance between kernels recorded"),
    "final_loss": _of_curve(lambda losses: float(losses.iloc[-1])),
    "roughness": _of_curve(roughness),
    "poses_per_second": _environment("poses_per_second", lambda evidence, variant: 1.0),
    "stated_seconds": _environment("seconds", _stated_over_trained),
    "inference_seconds_per_pose": _seconds_per_pose,
    "layer_correlation": _of_edges(edge_weights.layer_correlation),
    "hop_correlation": _of_edges(edge_weights.hop_correlation),
    "joint_weight": _joint_weight,
    **detection_evidence.QUANTITIES,
}
