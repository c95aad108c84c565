"""The errors of a model on a split's poses, as the metrics file has them.

Errors are in mm. Each is averaged *action by action* (the mean of the actions' means, as published), *frame by frame*
(over all poses), and over the poses of each action, each subject and each joint. An action or subject without a pose is
left out.

The model predicts a chunk of poses at a time, so that half a million poses with 200 hypotheses each fit into memory.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from pipeline.artifacts import InputError
from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting import mixture_metrics as mixtures
from pipeline.lifting.data import MILLIMETRES, LiftingData, Rows
from pipeline.lifting.mesh_evaluation import DepthErrors, MeshErrors
from pipeline.lifting.metrics import aligned_joint_errors, average_by_group, joint_errors
from pipeline.lifting.mixture_metrics import MixtureDescription
from pipeline.lifting.outputs import (
    Output,
    PoseMixture,
    PoseSamples,
    highest_prediction,
    hypotheses,
    hypothesis_count,
    main_prediction,
    mean_prediction,
    poses_of,
    possible_poses,
    tensors,
)
from pipeline.lifting.results import Depth, Error, Meshes, Mixture, Prediction, Seed
from pipeline.lifting.task import MeanLoss

HYPOTHESES_AT_ONCE = 32_768  # bounds the memory; results do not depend on it
AMBIGUOUS = 0.8  # a frame is ambiguous if its oracle error is below this share of the mean's
BEST_OF = (5, 200)  # numbers of samples of which the best is taken (GraphMDN, Table 3)

Predict = Callable[[Rows], Output]  # a model's output for some rows of the data
Errors = dict[str, dict[str, Tensor]]  # prediction, protocol: [N, J] float64, mm


@dataclass(frozen=True)
class Evaluation:
    """A model's errors on N poses, as the metrics file has them, and the two errors by which examples are chosen."""

    predictions: dict[str, Prediction]
    mixture: Mixture | None
    meshes: Meshes | None
    depth: Depth
    main_error: Tensor  # [N] mm, P1 of the main prediction
    closest_error: Tensor  # [N] mm, P1 of the best hypothesis

    @property
    def measured(self) -> dict[str, Any]:
        """The parts of a seed's entry in the metrics file, by their names in `results.Seed`."""
        return {part.name: getattr(self, part.name) for part in fields(self) if part.name in Seed.model_fields}


@torch.no_grad()
def evaluate(
    predict: Predict,
    data: LiftingData,
    bone_length_sum: float | None = None,
    describe: bool = True,
    loss: MeanLoss | None = None,
    hypotheses_at_once: int = HYPOTHESES_AT_ONCE,
) -> Evaluation:
    """Measure a model on all poses of a split. `loss` receives every output, so that none is predicted twice.

    A point model has the prediction `point` and, if the training subjects' `bone_length_sum` (metres) is given,
    `calibrated`. A mixture has four: `mean`; `highest`; `oracle`, whose P-MPJPE aligns every hypothesis and takes the
    smallest error, as the authors do; and `oracle_closest`, with the P-MPJPE of the hypothesis that is closest before
    alignment. Samples have `mean`, and `oracle_5` and `oracle_200`: the best of 5 and of 200. Raises InputError for
    output that is not finite. Without `describe`, a mixture has its errors only.
    """
    description, mesh_errors, depth_errors, parts = MixtureDescription(), MeshErrors(), DepthErrors(), []
    for rows in chunks(predict, data, hypotheses_at_once):
        output = predict(rows)
        check_output(output, data, rows)
        if loss:
            loss.add(output)
        errors = all_errors(output, data.targets_of(rows), data.skeleton, bone_length_sum)
        parts.append({name: {k: v.cpu() for k, v in protocols.items()} for name, protocols in errors.items()})
        mesh_errors.add(output, data, rows)
        depth_errors.add(main_prediction(output), data, rows)
        if describe and isinstance(poses_of(output), PoseMixture):
            description.add(poses_of(output), data, rows)  # type: ignore[arg-type]
    errors = {
        name: {protocol: torch.cat([part[name][protocol] for part in parts]) for protocol in protocols}
        for name, protocols in parts[0].items()
    }
    main, closest = (errors[name]["mpjpe"].mean(dim=-1) for name in _main_and_closest(errors))
    mixture = None
    if description.count:
        mixture = description.result(closest < AMBIGUOUS * main, *_sample(predict, data))
    predictions = {
        name: Prediction(**{protocol: average(values, data) for protocol, values in protocols.items()})
        for name, protocols in errors.items()
    }
    meshes = mesh_errors.result(average_poses, data)
    return Evaluation(predictions, mixture, meshes, depth_errors.result(), main, closest)


def _main_and_closest(errors: Errors) -> tuple[str, str]:
    """The names of the main prediction and of the best one."""
    best = [name for name in errors if name.startswith("oracle") and "mpjpe" in errors[name]]
    main = "mean" if "mean" in errors else "point"
    return main, best[-1] if best else main


def _sample(predict: Predict, data: LiftingData) -> tuple[PoseMixture, Tensor]:
    """The mixtures of some poses, chosen by a fixed seed, and the true poses."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randperm(len(data), generator=generator)[: mixtures.CALIBRATION_POSES].to(data.keypoints_2d.device)
    mixture = poses_of(predict(rows))
    assert isinstance(mixture, PoseMixture)
    return mixture, data.targets_of(rows)


def action_averages(predictions: Mapping[str, Prediction]) -> dict[str, dict[str, float]]:
    """The action average of every prediction, in each of its protocols: {prediction: {protocol: mm}}."""
    return {
        name: {protocol: error.action_average for protocol, error in prediction if error is not None}
        for name, prediction in predictions.items()
    }


def check_output(output: Output, data: LiftingData, rows: slice) -> None:
    """Refuse output that is not finite (InputError) or does not belong to the data (AssertionError)."""
    fields = tensors(output)
    poses = fields[0]
    expected = (len(range(*rows.indices(len(data)))), data.skeleton.joint_count, 3)
    assert (len(poses), *poses.shape[-2:]) == expected, f"expected poses {expected}, got {tuple(poses.shape)}"
    for values in fields:
        broken = ~values.isfinite().flatten(start_dim=1).all(dim=1)
        if broken.any():
            first = rows.start + int(broken.double().argmax())
            raise InputError(
                f"predictions: not finite for {int(broken.sum())} of {len(broken)} test poses (first: {first}); the "
                "weights diverged, so train the variant again with a lower learning rate"
            )


def chunks(predict: Predict, data: LiftingData, hypotheses_at_once: int = HYPOTHESES_AT_ONCE) -> Iterator[slice]:
    """Slices of rows that cover all poses, with a progress bar."""
    count, size = len(data), max(1, hypotheses_at_once // hypothesis_count(predict(slice(0, 1))))
    with tqdm(total=count, desc="evaluate", unit="pose", unit_scale=True, disable=None) as bar:
        for start in range(0, count, size):
            yield slice(start, min(start + size, count))
            bar.update(min(size, count - start))


# --- errors -----------------------------------------------------------------------------------------------------------


def all_errors(
    output: Output, targets: Tensor, skeleton: Skeleton | None = None, bone_length_sum: float | None = None
) -> Errors:
    """Every joint's error in every prediction and protocol, [n, J] each."""
    output = poses_of(output)
    if isinstance(output, PoseMixture):
        return mixture_errors(output, targets)
    if isinstance(output, PoseSamples):
        return sample_errors(output, targets)
    errors = {"point": both_protocols(main_prediction(output), targets)}
    if skeleton is not None and bone_length_sum is not None:
        calibrated = calibrate(main_prediction(output), skeleton, bone_length_sum)
        # Alignment removes any scale, so both have the same error in Protocol 2.
        errors["calibrated"] = {
            "mpjpe": MILLIMETRES * joint_errors(calibrated, targets),
            "p_mpjpe": errors["point"]["p_mpjpe"],
        }
    return errors


def both_protocols(poses: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """Errors of poses in metres, in mm, before and after alignment."""
    return {
        "mpjpe": MILLIMETRES * joint_errors(poses, targets),
        "p_mpjpe": MILLIMETRES * aligned_joint_errors(poses, targets),
    }


def mixture_errors(mixture: PoseMixture, targets: Tensor) -> Errors:
    """Errors of a mixture's four predictions."""
    kernels = both_protocols(hypotheses(mixture), targets[:, None])  # [n, K, J]
    closest = kernels["mpjpe"].mean(dim=-1).argmin(dim=-1)
    each = torch.arange(len(targets), device=targets.device)
    return {
        "mean": both_protocols(mean_prediction(mixture), targets),
        "highest": both_protocols(highest_prediction(mixture), targets),
        "oracle": best_of(kernels),
        "oracle_closest": {"p_mpjpe": kernels["p_mpjpe"][each, closest]},
    }


def sample_errors(samples: PoseSamples, targets: Tensor) -> Errors:
    """Errors of the samples' mean, and of the best of the first 5 and of the first 200."""
    each = both_protocols(possible_poses(samples), targets[:, None])  # [n, S, J]
    drawn = samples.poses.shape[1]
    best = {
        f"oracle_{count}": best_of({protocol: errors[:, :count] for protocol, errors in each.items()})
        for count in BEST_OF
        if count <= drawn
    }
    return {"mean": both_protocols(main_prediction(samples), targets)} | best


def best_of(errors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The errors [n, J] of the best of K hypotheses [n, K, J], chosen in each protocol by itself."""
    best = {}
    for protocol, values in errors.items():
        chosen = values.mean(dim=-1).argmin(dim=-1)
        best[protocol] = values[torch.arange(len(values), device=values.device), chosen]
    return best


def calibrate(poses: Tensor, skeleton: Skeleton, bone_length_sum: float) -> Tensor:
    """Poses [N, J, 3] scaled so that their bones' lengths add up to a canonical skeleton's (SemGCN, Section 5.2)."""
    return poses * (bone_length_sum / bone_lengths(poses, skeleton).clamp_min(1e-6))[:, None, None]


def bone_lengths(poses: Tensor, skeleton: Skeleton) -> Tensor:
    """The sum of a pose's bone lengths, [N], in the poses' unit."""
    parents, children = zip(*skeleton.edges, strict=True)
    return (poses[:, list(children)] - poses[:, list(parents)]).norm(dim=-1).sum(dim=-1)


def average(errors: Tensor, data: LiftingData) -> Error:
    """The averages of joint errors [N, J]."""
    per_pose = errors.mean(dim=-1)
    per_joint = dict(zip(data.skeleton.names, errors.mean(dim=0).tolist(), strict=True))
    per_subject = average_by_group(per_pose, data.subject, data.pose_set.subjects)
    return average_poses(per_pose, data.action, data, per_joint=per_joint, per_subject=per_subject)


def average_poses(errors: Tensor, action: Tensor, data: LiftingData, **more: dict[str, float]) -> Error:
    """The averages of errors [n] of poses with actions [n]: action by action, and over all."""
    per_action = average_by_group(errors, action, data.pose_set.actions)
    action_average = sum(per_action.values()) / len(per_action)
    return Error(action_average=action_average, frame_average=float(errors.mean()), per_action=per_action, **more)
