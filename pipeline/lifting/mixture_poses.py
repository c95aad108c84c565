"""The single poses of a mixture: its mean, its highest kernel and its hypotheses.

A kernel's means are one pose, a *hypothesis*. N poses of J joints have hypotheses [N, K, J, 3] in metres, in the
camera's frame and relative to the root, joint 0. The truth has its root at exactly 0, so every prediction and
hypothesis gets its root put to 0 (as the authors' evaluation does).

Pose level and node level (GraphMDN, Sections 3.1 and 3.2). At pose level a kernel has one weight. At node level every
joint is a mixture of its own, independent of the others:

- *mean* takes each joint's weighted mean, *highest* each joint's own highest kernel; so *highest* is in general none of
  the K hypotheses;
- the K *hypotheses* are the poses with kernel k at every joint. The output layer makes kernel k by the same weights at
  every joint, which is all that ties them. *Oracle* chooses among these K, as the authors' code does: were it free at
  every joint it would choose among K^J poses, and no number could be compared with a pose-level one. It can therefore
  be worse than *highest* there, which it cannot be at pose level.

At either level the mean may beat the oracle: it lies between the hypotheses, where the truth may lie too (claim GM-9).
"""

from dataclasses import replace

import torch
from torch import Tensor

from pipeline.lifting.output_types import PoseMixture


def mean_prediction(mixture: PoseMixture) -> Tensor:
    """Mean of the distribution, [N, J, 3] ("Mean", GraphMDN, Section 4.3)."""
    means = hypotheses(mixture)
    weights = mixing_weights(mixture).expand(-1, means.shape[2], -1)
    return torch.einsum("njk,nkjc->njc", weights.to(means.dtype), means)


def highest_prediction(mixture: PoseMixture) -> Tensor:
    """Mean of the kernel with the highest weight, [N, J, 3] ("Highest"); at node level joint by joint."""
    means = hypotheses(mixture)
    kernel = mixing_weights(mixture).argmax(dim=-1).expand(-1, means.shape[2])  # [N, J]
    return means.gather(1, kernel[:, None, :, None].expand(-1, 1, -1, 3))[:, 0]


def select(mixture: PoseMixture, rows: slice | Tensor) -> PoseMixture:
    """The mixtures of some poses."""
    return replace(mixture, means=mixture.means[rows], scales=mixture.scales[rows], logits=mixture.logits[rows])


def root_at_origin(poses: Tensor) -> Tensor:
    """Poses [..., J, 3] with their root, joint 0, put to 0; the other joints stay."""
    return torch.cat((torch.zeros_like(poses[..., :1, :]), poses[..., 1:, :]), dim=-2)


def hypotheses(mixture: PoseMixture) -> Tensor:
    """The kernels' means as poses with their root at 0, [N, K, J, 3]."""
    return root_at_origin(mixture.means)


def mixing_weights(mixture: PoseMixture) -> Tensor:
    """Weights of the kernels, [N, 1, K] at pose level and [N, J, K] at node level, float64."""
    weights = mixture.logits.double().softmax(dim=-1)
    return weights if mixture.level == "node" else weights[:, None]
