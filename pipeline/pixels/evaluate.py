"""Measuring a network on images on the test subjects: its metrics file, and the arrays that figures need.

The errors are those of lifting, on the poses that have an image. The 2D joints that the network finds in the images are
its input in the metrics file, with their distance from the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pipeline import artifacts, device, seeds
from pipeline.config import Run
from pipeline.config.pixels import IMAGES
from pipeline.lifting import results
from pipeline.lifting.data import LiftingData, Rows
from pipeline.lifting.errors import Evaluation, action_averages, bone_lengths, evaluate
from pipeline.lifting.evaluate import LOSS_POSES
from pipeline.lifting.examples import examples, overlays, take
from pipeline.lifting.models import parameter_count
from pipeline.pixels.cases import cases
from pipeline.pixels.checkpoints import PixelsPredictor, load_model
from pipeline.pixels.data import CropSet, read_crops
from pipeline.pixels.task import PixelsTask, predict
from pipeline.training import batch_norm

SOURCES = {"found": "network", "ground_truth": "projection"}
DESCRIPTIONS = {"found": "those that a network finds there", "ground_truth": "the true ones"}


@dataclass(frozen=True)
class Setting:
    """What the seeds of a variant have in common."""

    data: dict[str, CropSet]
    batch_size: int
    bones: float  # m, the mean sum of the training poses' bone lengths


def measure_variant(run: Run, name: str) -> tuple[results.LiftingResults, dict[str, NDArray]]:
    """A trained variant's metrics file, and the arrays that figures need."""
    on, variant, numbers = device.prepare(run), run.variant(name), run.seeds_of(name)
    data = read_crops(run, on)
    predictors = {seed: seeds.read_model(run.layout.checkpoint(name, seed), load_model, on) for seed in numbers}
    first = predictors[numbers[0]]
    bones = bone_lengths(data["train"].poses.targets, data["train"].poses.skeleton).double().mean().item()
    setting = Setting(data, variant.optimizer.batch_size, bones)
    entries: list[results.Seed] = []
    arrays: dict[str, NDArray] = {}
    off: list[NDArray] = []
    for seed, predictor in predictors.items():
        entry, evaluation = measure(run, seed, predictor, setting)
        entries.append(entry)
        off.append(distances(predictor, data["test"]))
        if predictor is first and evaluation:
            arrays = shown(predictor, data["test"], evaluation)
    course = seeds.course(run, name, "images")
    course["poses"] = course.pop("images")
    found = results.LiftingResults(
        schema=1,
        variant=name,
        preset=run.preset_name,
        parameters=parameter_count(first.trained),
        data=describe(run, name, data, np.concatenate(off)),
        training=results.Training(batch_size=variant.optimizer.batch_size, **course),
        seeds=entries,
    )
    return found, arrays


def measure(
    run: Run, seed: int, predictor: PixelsPredictor, setting: Setting
) -> tuple[results.Seed, Evaluation | None]:
    """All numbers of one seed, with its evaluation in 3D, which a 2D network has not.

    Afterwards the predictor's batch norms have renewed statistics.
    """
    lifts = predictor.settings.stage != "detector"
    as_trained = _errors(predictor, setting) if lifts else None
    task = renew(predictor, setting)
    evaluation = (
        evaluate(predictions(predictor, setting.data["test"]), poses_of(setting), setting.bones) if lifts else None
    )
    errors = evaluation.predictions if evaluation else {"point": results.Prediction()}
    entry = results.Seed(
        seed=seed,
        **(evaluation.measured if evaluation else {"predictions": errors}),
        loss=results.Loss(
            train=task.mean_loss(setting.data["train"].every(LOSS_POSES)), test=task.mean_loss(setting.data["test"])
        ),
        best_on_test=_best_on_test(run, seed, predictor, setting, errors),
        running_statistics=as_trained and action_averages(as_trained),
    )
    return entry, evaluation


def poses_of(setting: Setting) -> LiftingData:
    """The test poses that have an image."""
    return setting.data["test"].poses


def renew(predictor: PixelsPredictor, setting: Setting) -> PixelsTask:
    """Renew the network's batch-norm statistics from training images. Gives the task, in evaluation mode."""
    task = PixelsTask(
        predictor.model, setting.data["train"], setting.data["test"], predictor.settings, setting.batch_size
    )
    batch_norm.renew(task)
    predictor.model.eval()
    return task


def predictions(predictor: PixelsPredictor, data: CropSet) -> partial[Tensor]:
    """A function from rows of the data to poses [n, J, 3] in metres."""
    return partial(_poses, predictor, data)


def _poses(predictor: PixelsPredictor, data: CropSet, rows: Rows) -> Tensor:
    return predict(predictor.model, predictor.settings, data, rows).joints_3d


def distances(predictor: PixelsPredictor, data: CropSet) -> NDArray:
    """How far the 2D joints are from the true ones, px of the picture, of every joint of every image."""
    every = slice(None)
    found = predict(predictor.model, predictor.settings, data, every).keypoints_2d
    return data.distances(found, every).flatten().double().cpu().numpy()


def _errors(predictor: PixelsPredictor, setting: Setting) -> dict[str, results.Prediction]:
    found = evaluate(predictions(predictor, setting.data["test"]), poses_of(setting), setting.bones, describe=False)
    return found.predictions


def _best_on_test(
    run: Run, seed: int, predictor: PixelsPredictor, setting: Setting, errors: dict[str, results.Prediction]
) -> results.BestOnTest:
    """The best epoch's errors; its checkpoint is measured unless it is the last epoch's."""
    path = run.layout.best_checkpoint(predictor.variant_name, seed)
    best = seeds.read_model(path, load_model, setting.data["test"].poses.device)
    if best.settings.stage == "detector":
        return results.BestOnTest(epoch=best.epoch, selected_by="2D error")
    if best.epoch != predictor.epoch:
        renew(best, setting)
        errors = _errors(best, setting)
    averages = action_averages(errors)
    return results.BestOnTest(epoch=best.epoch, selected_by="mpjpe", by_prediction=averages, **averages["point"])


def shown(predictor: PixelsPredictor, data: CropSet, evaluation: Evaluation) -> dict[str, NDArray]:
    """The arrays of evaluate_pixels/<variant>.npz: those of every lifting variant, and images with their errors."""
    lifts = predictions(predictor, data)
    arrays = examples(lifts, data.poses, evaluation) | overlays(lifts, data.poses) | take(lifts, data.poses)
    return arrays | cases(partial(predict, predictor.model, predictor.settings, data), data, evaluation.main_error)


def describe(run: Run, name: str, data: dict[str, CropSet], off: NDArray) -> results.Data:
    """Which data the numbers belong to: the images, the poses in them, and how far the 2D joints are off."""
    motion, settings = run.preset.motion, run.variant(name).pixels
    assert settings is not None
    given = results.Input(
        name=IMAGES,
        source=SOURCES[settings.joints_2d],
        description=f"2D joints of images of one person each are {DESCRIPTIONS[settings.joints_2d]}",
        mean_error_px=float(off.mean()),
        median_error_px=float(np.median(off)),
        p95_error_px=float(np.percentile(off, 95)),
    )
    poses = {split: crops.poses.pose_set for split, crops in data.items()}
    subjects = {split: [one.subjects[index] for index in np.unique(one.subject)] for split, one in poses.items()}
    return results.Data(
        source=motion.source,
        description=run.preset.description,
        frames_per_second=motion.frames_per_second,
        input=given,
        actions=poses["test"].actions,
        **{f"{split}_digest": artifacts.digest(run.layout.crops_split(split)) for split in poses},
        **{f"{split}_poses": len(one) for split, one in poses.items()},
        **{f"subjects_{split}": names for split, names in subjects.items()},
    )
