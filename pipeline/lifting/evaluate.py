"""Measuring a lifting variant on the test subjects: its metrics file, and the arrays that figures need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from torch import Tensor

from pipeline import artifacts, device, seeds
from pipeline.config import Run
from pipeline.lifting import generalization, non_local, reading, results, task
from pipeline.lifting.checkpoints import LiftingPredictor, load_model
from pipeline.lifting.data import LiftingData
from pipeline.lifting.errors import Evaluation, action_averages, bone_lengths, evaluate
from pipeline.lifting.examples import examples, overlays, take
from pipeline.lifting.models import learned_edge_weights
from pipeline.lifting.outputs import SampleDrawing, main_prediction
from pipeline.training import batch_norm

LOSS_POSES = 20_000  # training poses on which the loss is compared with the test loss


def measure_variant(run: Run, name: str) -> tuple[results.LiftingResults, dict[str, np.ndarray]]:
    """A trained variant's metrics file, and the arrays that figures need."""
    on, variant = device.prepare(run), run.variant(name)
    data, other = reading.read_data(run, variant, on), reading.read_generalization(run, variant, on)
    numbers = run.seeds_of(name)
    predictors = {seed: seeds.read_model(run.layout.checkpoint(name, seed), load_model, on) for seed in numbers}
    first = predictors[numbers[0]]
    bones = bone_lengths(data["train"].targets, first.skeleton).double().mean().item()
    entries: list[results.Seed] = []
    arrays: dict[str, np.ndarray] = {}
    for seed, predictor in predictors.items():
        entry, evaluation = measure(run, seed, predictor, data, other, bones)
        entries.append(entry)
        arrays |= _edge_arrays(predictor, seed)
        if seed == numbers[0]:
            predict = task.predictor(predictor.model, data["test"])
            arrays |= examples(predict, data["test"], evaluation)
            arrays |= overlays(predict, data["test"]) | take(predict, data["test"])
    found = results.LiftingResults(
        schema=1,
        variant=name,
        preset=run.preset_name,
        parameters=sum(parameter.numel() for parameter in first.model.parameters()),
        data=describe_data(run, name, data["train"], data["test"]),
        training=results.Training(batch_size=variant.optimizer.batch_size, **seeds.course(run, name, "poses")),
        seeds=entries,
    )
    return found, arrays


def measure(
    run: Run,
    seed: int,
    predictor: LiftingPredictor,
    data: dict[str, LiftingData],
    other: LiftingData | None,
    bones: float,
) -> tuple[results.Seed, Evaluation]:
    """All numbers of one seed: of its last epoch and, beside them, of its best epoch on the test subjects.

    Afterwards the predictor's batch norms have renewed statistics.
    """
    variant, test = predictor.variant, data["test"]
    as_trained = _running_statistics(predictor, test, bones)
    non_local_layers = renew(predictor, data)
    loss = task.MeanLoss(variant, test)
    drawn = isinstance(predictor.model, SampleDrawing)  # its loss is taken on fewer samples than its errors
    evaluation = evaluate(task.predictor(predictor.model, test), test, bones, loss=None if drawn else loss)
    if not variant.learns_meshes:
        evaluation = replace(evaluation, meshes=None)
    entry = results.Seed(
        seed=seed,
        **evaluation.measured,
        loss=results.Loss(
            train=_mean_loss(predictor, data["train"].every(LOSS_POSES)),
            test=_mean_loss(predictor, test) if drawn else loss.result(),
        ),
        generalization=_elsewhere(run, predictor, other),
        best_on_test=_best_on_test(run, seed, predictor, data, evaluation, bones),
        running_statistics=as_trained,
        non_local=non_local_layers,
    )
    return entry, evaluation


def renew(predictor: LiftingPredictor, data: dict[str, LiftingData]) -> results.NonLocalLayers | None:
    """Renew the model's batch-norm statistics from training poses, and say which of its non-local layers are dead.

    Imported weights keep their statistics: those of other data would make other weights of them.
    """
    training = task.LiftingTask(predictor.variant, predictor.model, data["train"], data["test"])
    with non_local.watch(predictor.model) as watched:
        if predictor.variant.imported:
            batch_norm.see(training)
        else:
            batch_norm.renew(training)
    return watched.result


def _running_statistics(predictor: LiftingPredictor, test: LiftingData, bones: float) -> results.ByPrediction | None:
    """The errors before renewal; None where nothing is renewed."""
    if predictor.variant.imported or not batch_norm.layers(predictor.model):
        return None
    return action_averages(_errors(predictor, test, bones))


def _errors(predictor: LiftingPredictor, test: LiftingData, bones: float) -> dict[str, results.Prediction]:
    return evaluate(task.predictor(predictor.model, test), test, bones, describe=False).predictions


def _mean_loss(predictor: LiftingPredictor, data: LiftingData) -> float:
    predict = task.predictor(predictor.model, data, task.WATCHED_SAMPLES)
    return task.mean_loss(predictor.variant, predict, data)


def _best_on_test(
    run: Run,
    seed: int,
    predictor: LiftingPredictor,
    data: dict[str, LiftingData],
    evaluation: Evaluation,
    bones: float,
) -> results.BestOnTest:
    """The best epoch's errors; its checkpoint is measured unless it is the last epoch's."""
    path = run.layout.best_checkpoint(predictor.variant_name, seed)
    best, predictions = seeds.read_model(path, load_model, data["test"].device), evaluation.predictions
    if best.epoch != predictor.epoch:
        renew(best, data)
        predictions = _errors(best, data["test"], bones)
    averages = action_averages(predictions)
    return results.BestOnTest(
        epoch=best.epoch,
        selected_by="oracle mpjpe" if predictor.variant.head.name == "mixture" else "mpjpe",
        by_prediction=averages,
        **averages["mean" if "mean" in averages else "point"],
    )


def _elsewhere(run: Run, predictor: LiftingPredictor, other: LiftingData | None) -> results.Generalization | None:
    """The errors on another data set, where there is one."""
    name = run.preset.generalization
    return generalization.evaluate(main_poses(predictor, other), other, name) if name and other else None


def main_poses(predictor: LiftingPredictor, data: LiftingData) -> Callable[[slice], Tensor]:
    """The pose that the model is judged by, for some rows, [n, J, 3] in metres."""
    return lambda rows: main_prediction(task.predict(predictor.model, data.inputs_of(rows)))


def describe_data(run: Run, name: str, train: LiftingData, test: LiftingData) -> results.Data:
    """Which data the numbers belong to, down to the digests of its files."""
    motion, source = run.preset.motion, run.variant(name).input
    return results.Data(
        source=motion.source,
        description=run.preset.description,
        frames_per_second=motion.frames_per_second,
        input=describe_input(run, source),
        train_digest=artifacts.digest(run.layout.motion_split("train", source)),
        test_digest=artifacts.digest(run.layout.motion_split("test", source)),
        train_poses=len(train),
        test_poses=len(test),
        actions=test.pose_set.actions,
        subjects_train=_subjects(train),
        subjects_test=_subjects(test),
    )


def _subjects(data: LiftingData) -> list[str]:
    """Those with a pose: a split that was made of others keeps their tables."""
    return [data.pose_set.subjects[index] for index in np.unique(data.pose_set.subject)]


def describe_input(run: Run, source: str) -> results.Input:
    """Where the 2D joints come from, and how far the test subjects' are off."""
    if source == results.GROUND_TRUTH:
        return results.Input(**results.Input().model_dump())  # every key is written
    return results.Input.model_validate(artifacts.read_json(run.layout.motion_summary(source)))


def _edge_arrays(predictor: LiftingPredictor, seed: int) -> dict[str, np.ndarray]:
    """The learned edge weights of every SemGConv layer, with the layers' names; nothing for other networks."""
    learned = learned_edge_weights(predictor.model)
    if not learned:
        return {}
    return {
        f"seed_{seed}/edge_weights": np.stack([weights.cpu().numpy() for weights in learned.values()]),
        f"seed_{seed}/edge_layers": np.array(list(learned)),
    }
