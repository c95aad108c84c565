"""One seed's entry in results/<preset>/metrics/<variant>.json, and the example poses that figures show.

Errors are in mm. Each is given averaged *action by action* (the mean of the actions' means, as published) and *frame by
frame* (over all poses), and for each action, joint and subject over the poses that belong to it. An action or subject
without a pose is left out.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from pipeline.artifacts import InputError
from pipeline.lift import mixture_metrics as mixtures
from pipeline.lift.dataset import MILLIMETRES, LiftData, joint_choice
from pipeline.lift.metrics import aligned_joint_errors, average_by_group, joint_errors
from pipeline.lift.models.mixture_head import PoseMixture

HYPOTHESES_AT_ONCE = 32_768  # bounds the memory; results do not depend on it
AMBIGUOUS = 0.8  # a frame whose oracle error is below this share of the mean's has hypotheses worth telling apart

Errors = dict[str, dict[str, Tensor]]  # prediction, protocol: [N, J] float64, mm


@torch.no_grad()
def evaluate(
    output: Tensor | PoseMixture, data: LiftData, hypotheses_at_once: int = HYPOTHESES_AT_ONCE
) -> dict[str, Any]:
    """`predictions` and `mixture` of a model's output for all N poses of a split, ready for JSON.

    `output` is [N, J, 3] in metres for a point model, whose prediction is called `point` and whose `mixture` is None. A
    mixture has four predictions: `mean` and `highest`; `oracle`, whose P-MPJPE aligns every hypothesis and takes the
    smallest error, as the authors do; `oracle_closest`, with only the P-MPJPE of the hypothesis that is closest before
    alignment. Output that is not finite raises InputError.
    """
    check_output(output, data)
    errors = all_errors(output, data.targets, hypotheses_at_once)
    predictions = {
        name: {protocol: average(values, data) for protocol, values in protocols.items()}
        for name, protocols in errors.items()
    }
    mixture = None
    if isinstance(output, PoseMixture):
        oracle, mean = (errors[name]["mpjpe"].mean(dim=-1) for name in ("oracle", "mean"))
        mixture = describe_mixture(output, data, oracle < AMBIGUOUS * mean, hypotheses_at_once)
    return {"predictions": predictions, "mixture": mixture}


def action_averages(predictions: Mapping[str, Any]) -> dict[str, Any]:
    """The short form of `evaluate`'s predictions: action averages of the main one, and of each by its name."""
    averages = {
        name: {protocol: figures["action_average"] for protocol, figures in protocols.items()}
        for name, protocols in predictions.items()
    }
    return {**averages.get("mean", averages.get("point", {})), "by_prediction": averages}


def check_output(output: Tensor | PoseMixture, data: LiftData) -> None:
    """Refuse output that is not finite (InputError) or does not belong to the data (AssertionError)."""
    fields = [output.means, output.scales, output.logits] if isinstance(output, PoseMixture) else [output]
    poses = fields[0]
    expected = (len(data), data.skeleton.joint_count, 3)
    assert (len(poses), *poses.shape[-2:]) == expected, f"expected poses {expected}, got {tuple(poses.shape)}"
    for values in fields:
        broken = ~values.isfinite().flatten(start_dim=1).all(dim=1)
        if broken.any():
            first = int(broken.double().argmax())
            raise InputError(
                f"predictions: not finite for {int(broken.sum())} of {len(broken)} test poses (first: {first}); the "
                "weights diverged, so train the variant again with a lower learning rate"
            )


# --- errors -----------------------------------------------------------------------------------------------------------


def all_errors(output: Tensor | PoseMixture, targets: Tensor, hypotheses_at_once: int) -> Errors:
    """Every joint's error in every prediction and protocol, on the CPU."""
    parts = []
    for rows in _chunks(output, hypotheses_at_once, "errors"):
        if isinstance(output, PoseMixture):
            errors = mixture_errors(mixtures.select(output, rows), targets[rows])
        else:
            errors = {"point": both_protocols(mixtures.root_at_origin(output[rows]), targets[rows])}
        parts.append({name: {k: v.cpu() for k, v in protocols.items()} for name, protocols in errors.items()})
    return {
        name: {protocol: torch.cat([part[name][protocol] for part in parts]) for protocol in protocols}
        for name, protocols in parts[0].items()
    }


def both_protocols(poses: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """Errors of poses in metres, in mm, before and after alignment."""
    return {
        "mpjpe": MILLIMETRES * joint_errors(poses, targets),
        "p_mpjpe": MILLIMETRES * aligned_joint_errors(poses, targets),
    }


def mixture_errors(mixture: PoseMixture, targets: Tensor) -> Errors:
    """Errors of a mixture's four predictions."""
    kernels = both_protocols(mixtures.hypotheses(mixture), targets[:, None])  # [n, K, J]
    closest, closest_aligned = (errors.mean(dim=-1).argmin(dim=-1) for errors in kernels.values())
    each = torch.arange(len(targets), device=targets.device)
    return {
        "mean": both_protocols(mixtures.mean_prediction(mixture), targets),
        "highest": both_protocols(mixtures.highest_prediction(mixture), targets),
        "oracle": {"mpjpe": kernels["mpjpe"][each, closest], "p_mpjpe": kernels["p_mpjpe"][each, closest_aligned]},
        "oracle_closest": {"p_mpjpe": kernels["p_mpjpe"][each, closest]},
    }


def average(errors: Tensor, data: LiftData) -> dict[str, Any]:
    """The averages of joint errors [N, J] that a metrics file holds."""
    per_pose = errors.mean(dim=-1)
    per_action = average_by_group(per_pose, data.action, data.pose_set.actions)
    return {
        "action_average": sum(per_action.values()) / len(per_action),
        "frame_average": float(per_pose.mean()),
        "per_action": per_action,
        "per_joint": dict(zip(data.skeleton.names, errors.mean(dim=0).tolist(), strict=True)),
        "per_subject": average_by_group(per_pose, data.subject, data.pose_set.subjects),
    }


# --- the mixture ------------------------------------------------------------------------------------------------------


def describe_mixture(
    mixture: PoseMixture, data: LiftData, ambiguous: Tensor, hypotheses_at_once: int
) -> dict[str, Any]:
    """The `mixture` part. `ambiguous` [N] marks the frames on which the depth ratio is taken.

    `spread_mm` is the hypotheses' standard deviation along the camera's axes, over all frames.
    """
    nll, variance, seen = [], [], []
    for rows in _chunks(mixture, hypotheses_at_once, "mixture"):
        part = mixtures.select(mixture, rows)
        nll.append(mixtures.negative_log_likelihood(part, data.targets[rows]).cpu())
        variance.append(mixtures.hypothesis_variance(part).mean(dim=1).cpu())
        seen.append(reprojection(part, data, rows).cpu())
    spread = MILLIMETRES * torch.cat(variance).mean(dim=0).sqrt()
    return {
        "kernels": mixture.means.shape[1],
        "level": mixture.level,
        "nll": float(torch.cat(nll).mean()),
        "calibration": mixtures.calibration(mixture, data.targets),
        "components_used": mixtures.component_use(mixture),
        "mean_weights": mixtures.mean_weights(mixture).tolist(),
        "collapsed": mixtures.has_collapsed(mixture),
        "spread_mm": dict(zip(("x", "y", "depth"), spread.tolist(), strict=True)),
        "ambiguous_share": float(ambiguous.double().mean()),
        "depth_ratio": mixtures.depth_ratio(torch.cat(variance), ambiguous),
        "reprojection_px": _average_reprojection(torch.cat(seen)),
    }


REPROJECTION = ("mean", "worst", "truth", "depth_spread_px")


def reprojection(mixture: PoseMixture, data: LiftData, rows: slice) -> Tensor:
    """How well hypotheses explain the picture (claim GM-28), the four REPROJECTION figures of each pose, [n, 4] px.

    The average and the worst error over the hypotheses above 5 % weight (NaN where there is none), each put at the
    root's true place; the truth's own error, 0 unless the keypoints come from a detector; and, as the yardstick, the
    hypotheses' standard deviation along depth in the pixels that it would cover if it lay across the view.
    """
    poses, device = data.pose_set.select(np.arange(rows.start, rows.stop)), mixture.means.device
    keypoints_2d = torch.from_numpy(poses.keypoints_2d).to(device)[:, joint_choice(data.skeleton)]
    roots = torch.from_numpy(poses.joints_3d).to(device)[:, None, :1].double()  # [n, 1, 1, 3] mm
    camera = torch.from_numpy(poses.camera).long().to(device)

    everything = torch.cat((mixtures.hypotheses(mixture), data.targets[rows][:, None]), dim=1)
    errors = mixtures.reprojection_errors(
        MILLIMETRES * everything.double() + roots, keypoints_2d, poses.cameras, camera
    )
    errors, truth = errors[:, :-1], errors[:, -1]
    used = mixtures.hypothesis_weights(mixture) > mixtures.USED_WEIGHT
    worst = errors.masked_fill(~used, -math.inf).amax(dim=1)
    mean = (errors * used).sum(dim=1) / used.sum(dim=1)
    focal_length = torch.tensor([lens.focal_length for lens in poses.cameras], dtype=torch.float64, device=device)
    depth_spread = MILLIMETRES * mixtures.hypothesis_variance(mixture)[..., 2].sqrt().mean(dim=1)
    depth_spread_px = depth_spread * focal_length.mean(dim=1)[camera] / roots[:, 0, 0, 2]
    return torch.stack((mean, worst.where(used.any(dim=1), torch.nan), truth, depth_spread_px), dim=1)


def _average_reprojection(seen: Tensor) -> dict[str, float | None]:
    """Averages over the poses that have a used hypothesis; None where no pose has one."""
    averages = seen.nanmean(dim=0).tolist()
    return {name: None if math.isnan(value) else value for name, value in zip(REPROJECTION, averages, strict=True)}


# --- examples ---------------------------------------------------------------------------------------------------------


@torch.no_grad()
def examples(output: Tensor | PoseMixture, data: LiftData, count: int = 3) -> dict[str, NDArray]:
    """Poses of `count` distinct actions for the figures, as the `example_*` arrays of evaluate_lift/<variant>.npz.

    Of a mixture, the frames where the oracle is most better than the mean (GraphMDN, Figure 2), the largest gain
    first: chosen to show the hypotheses apart, not as typical. Of a point model, whose one hypothesis has weight 1,
    the frame of median error in each of the first `count` actions.
    """
    check_output(output, data)
    main = mixtures.main_prediction(output)
    closest = mixtures.oracle_prediction(output, data.targets) if isinstance(output, PoseMixture) else main
    error, error_oracle = (
        MILLIMETRES * joint_errors(poses, data.targets).mean(dim=-1).cpu() for poses in (main, closest)
    )
    actions = data.action.cpu()
    candidates = [torch.nonzero(actions == action)[:, 0] for action in actions.unique()]
    if isinstance(output, PoseMixture):
        gain = error - error_oracle
        best = [int(rows[gain[rows].argmax()]) for rows in candidates]
        chosen = sorted(best, key=lambda row: -float(gain[row]))[:count]
    else:
        chosen = [int(rows[error[rows].argsort(stable=True)[len(rows) // 2]]) for rows in candidates[:count]]
    return _example_arrays(output, data, chosen) | {
        "example_mpjpe_mean": error[chosen].numpy(),
        "example_mpjpe_oracle": error_oracle[chosen].numpy(),
    }


def _example_arrays(output: Tensor | PoseMixture, data: LiftData, chosen: list[int]) -> dict[str, NDArray]:
    poses, rows = data.pose_set.select(chosen), torch.tensor(chosen, device=data.targets.device)
    if isinstance(output, PoseMixture):
        part = mixtures.select(output, rows)
        hypotheses, weights = mixtures.hypotheses(part), mixtures.hypothesis_weights(part)
    else:
        hypotheses = mixtures.root_at_origin(output[rows])[:, None]
        weights = torch.ones(len(chosen), 1)
    return {
        "example_keypoints_2d": poses.keypoints_2d[:, joint_choice(data.skeleton)],
        "example_truth": _millimetres(data.targets[rows]),
        "example_hypotheses": _millimetres(hypotheses),
        "example_weights": weights.float().cpu().numpy(),
        "example_action": np.array([poses.actions[index] for index in poses.action]),
        "example_subject": np.array([poses.subjects[index] for index in poses.subject]),
    }


def _millimetres(poses: Tensor) -> NDArray:
    return (MILLIMETRES * poses.double()).float().cpu().numpy()


def _chunks(output: Tensor | PoseMixture, hypotheses_at_once: int, description: str) -> Iterator[slice]:
    """Slices that cover all poses, with a progress bar in poses."""
    count, kernels = (output.means.shape[:2]) if isinstance(output, PoseMixture) else (len(output), 1)
    size = max(1, hypotheses_at_once // kernels)
    with tqdm(total=count, desc=f"evaluate: {description}", unit="pose", unit_scale=True, disable=None) as bar:
        for start in range(0, count, size):
            yield slice(start, min(start + size, count))
            bar.update(min(size, count - start))
