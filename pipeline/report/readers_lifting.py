"""How the quantities of lifting variants are read: from metrics files, histories, environments and arrays."""

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
from pipeline.report.evidence import BySeed, Evidence, Expression, NoSuchNumberError, NotRunError
from pipeline.report.metrics import HEADLINE, action, joint

Read = Callable[[Evidence, Expression], BySeed]

# MPI-INF-3DHP's scenes, as arguments of PCK and AUC -> as its reader calls them.
SCENES = {
    "green_screen": "studio with green screen",
    "no_green_screen": "studio without green screen",
    "outdoor": "outdoor",
    "all": EVERYWHERE,
}
# HDM05's kinds of motion and its actors, which are their own arguments.
KINDS = (
    *("Deposit", "ElbowToKnee", "GrabHigh", "Hop", "Jog", "Kick"),
    *("LieDown", "RotateArms", "Sneak", "Squat", "Throw"),
)
ACTORS = ("bd", "bk", "dg", "mm")
PLACES = SCENES | {name: name for name in (*KINDS, *ACTORS)}


# --- readers: of the metrics file -------------------------------------------------------------------------------------


def error(metric: str, average: str = HEADLINE) -> Read:
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


def error_of_action(evidence: Evidence, expression: Expression) -> BySeed:
    """P1 in one action, the argument, which the data may lack."""
    name, actions = expression.argument or "", evidence.results.actions
    if name not in actions:
        raise NotRunError(f"no test pose of {name}; the actions are {', '.join(actions)}")
    return error("mpjpe")(evidence, replace(expression, argument=None, action=name))


def error_of_joints(evidence: Evidence, expression: Expression) -> BySeed:
    """P1 of a part of the body, or of one joint: the mean over its joints."""
    variant, results = expression.variant, evidence.results
    prediction = results[variant].seeds[0].main_prediction
    joints = body_parts.joints_of(expression.argument or "")
    by_joint = [results.by_seed(variant, prediction, "mpjpe", joint(name)) for name in joints]
    if not all(by_joint):
        raise NoSuchNumberError(f"{variant}: no error of {' and '.join(joints)} recorded")
    return {seed: math.fsum(values[seed] for values in by_joint) / len(by_joint) for seed in by_joint[0]}


def of_seed(value: Callable[[Seed], float | None], missing: str) -> Read:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        seeds = evidence.results[expression.variant].seeds
        values = {seed.seed: found for seed in seeds if (found := value(seed)) is not None}
        if not values:
            raise NoSuchNumberError(f"{expression.variant}: {missing}")
        return values

    return by_seed


def of_mixture(value: Callable[[Mixture], float | None], missing: str = "no mixture recorded") -> Read:
    return of_seed(lambda seed: value(seed.mixture) if seed.mixture else None, missing)


def mesh_error(evidence: Evidence, expression: Expression) -> BySeed:
    scale = expression.argument or ""
    if scale not in Meshes.model_fields:
        raise InputError(f"{expression.label}: no mesh {scale!r}; write {' or '.join(Meshes.model_fields)}")

    def value(seed: Seed) -> float | None:
        mesh = getattr(seed.meshes, scale) if seed.meshes else None
        return mesh.mpvpe.action_average if mesh else None

    return of_seed(value, f"no {scale} mesh recorded")(evidence, expression)


def elsewhere(measure: str) -> Read:
    """A measure on another data set, in one of PLACES."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        name = expression.argument or ""
        if name not in PLACES:
            raise InputError(f"{expression.label}: no scene {name!r}{nearest(name, PLACES)}")
        if not any(seed.generalization for seed in evidence.results[expression.variant].seeds):
            raise NotRunError(f"{expression.variant}: not tested on another data set")

        def value(seed: Seed) -> float | None:
            return seed.generalization.value(PLACES[name], measure) if seed.generalization else None

        return of_seed(value, "no pose of this scene")(evidence, expression)

    return by_seed


def running_statistics(metric: str) -> Read:
    """An error without renewed batch-norm statistics; without batch norms there is none."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        prediction = expression.argument or evidence.results[expression.variant].seeds[0].main_prediction
        return of_seed(
            lambda seed: (seed.running_statistics or {}).get(prediction, {}).get(metric), "no such error recorded"
        )(evidence, expression)

    return by_seed


def best_on_test(metric: str) -> Read:
    """Without training there are no epochs to choose from."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        metrics = evidence.results[expression.variant]
        prediction = expression.argument or metrics.seeds[0].main_prediction

        def value(seed: Seed) -> float | None:
            best = seed.best_on_test if metrics.trained_here else None
            return best.by_prediction.get(prediction, {}).get(metric) if best else None

        return of_seed(value, "no epochs to choose from")(evidence, expression)

    return by_seed


def parameters(evidence: Evidence, expression: Expression) -> BySeed:
    """A closed form has none that are trained."""
    metrics = evidence.require(expression)
    if not metrics.parameters or getattr(metrics, "closed_form", False):
        raise NoSuchNumberError(f"{expression.variant}: no parameters that are trained")
    return dict.fromkeys((seed.seed for seed in metrics.seeds), float(metrics.parameters))


def loss_gap(seed: Seed) -> float | None:
    if seed.loss is None or seed.loss.test is None or seed.loss.train is None:
        return None
    return seed.loss.test - seed.loss.train


def calibration_error(mixture: Mixture) -> float | None:
    """Mean distance between p % and the share of true poses in the most likely p %, in percentage points."""
    if not mixture.calibration:
        return None
    distances = [abs(share - float(level)) for level, share in mixture.calibration.items()]
    return 100 * sum(distances) / len(distances)


def percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


# --- readers: of history.csv, environment.json and the evaluation's arrays --------------------------------------------


def of_curve(value: Callable[[pd.Series], float]) -> Read:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        values = {}
        for seed in evidence.results[expression.variant].seeds:
            losses = histories.loss_curve(histories.lifting(evidence.run, expression.variant, seed.seed))
            if len(losses) < 3:
                raise NotRunError(f"{expression.variant}: its history is too short for a curve")
            values[seed.seed] = value(losses)
        return values

    return by_seed


def environment(key: str, change: Callable[[float, Evidence, str], float] = lambda value, *_: value) -> Read:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        values = {}
        for seed in evidence.results[expression.variant].seeds:
            record = artifacts.read_json(evidence.run.layout.environment(expression.variant, seed.seed))
            if not record.get(key):
                raise NotRunError(f"{expression.variant}: {key} not recorded")
            values[seed.seed] = change(float(record[key]), evidence, expression.variant)
        return values

    return by_seed


def of_stated_epochs(seconds: float, evidence: Evidence, variant: str) -> float:
    """The time of this training, times the epochs stated over those trained."""
    training = evidence.results[variant].training
    if training is None or not training.epochs:
        raise NotRunError(f"{variant}: epochs not recorded")
    return seconds * (training.epochs_stated / training.epochs)


def of_edges(value: Callable[[edge_weights.Matrices], float]) -> Read:
    return lambda evidence, expression: {
        seed.seed: value(edge_weights.read(evidence.run, expression.variant, seed.seed))
        for seed in evidence.results[expression.variant].seeds
    }


def joint_weight(evidence: Evidence, expression: Expression) -> BySeed:
    name = expression.argument or ""
    if name not in HUMAN36M_16.names:
        raise InputError(f"{expression.label}: no joint {name!r}{nearest(name, HUMAN36M_16.names)}")
    return of_edges(lambda matrices: edge_weights.joint_weight(matrices, name))(evidence, expression)
