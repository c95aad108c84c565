"""How sure an output is: the weights of its poses, and the spread of each joint."""

from __future__ import annotations

import torch
from torch import Tensor

from pipeline.lifting import outputs


def weights(output: outputs.Poses) -> Tensor:
    """[N, K]: of a mixture its mixing weights (at node level their mean over joints), of samples all the same."""
    if isinstance(output, outputs.PoseMixture):
        return outputs.mixing_weights(output).mean(dim=1)
    count = outputs.hypothesis_count(output)
    return torch.full((outputs.length(output), count), 1 / count)


def spread(output: outputs.Poses) -> Tensor:
    """[N, J] in metres: the root of a joint's mean squared distance from the mean.

    Of a mixture the components' own variances count too. A single pose has none, so its spread is 0.
    """
    poses = outputs.possible_poses(output)
    away = (poses - outputs.main_prediction(output)[:, None]).square().sum(dim=-1)  # [N, K, J]
    if not isinstance(output, outputs.PoseMixture):
        return away.mean(dim=1).sqrt()
    within = output.scales.expand_as(output.means).square().sum(dim=-1)
    within = torch.cat((torch.zeros_like(within[..., :1]), within[..., 1:]), dim=-1)  # the root is always at 0
    shares = outputs.mixing_weights(output).expand(-1, poses.shape[2], -1)  # [N, J, K]
    return torch.einsum("njk,nkj->nj", shares.to(away.dtype), away + within).sqrt()
