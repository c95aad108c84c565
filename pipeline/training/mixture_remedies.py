"""Remedies for a mixture that collapses to one component: likelihoods and a prior that replace or join it in training.

A mixture's likelihood is -log sum_k exp(l_k), where l_k is the logarithm of component k's weight plus its log-density
at the target. Its gradient weighs each component by its responsibility, r_k = exp(l_k) / sum_j exp(l_j). A component
that is a little better takes nearly all responsibility in the first steps, the others learn nothing, and the collapse
is kept. All functions here take l [..., K] in nats and keep the leading dimensions. `done` is the share of the training
that is done, from 0 to 1; `until` is the share at which a remedy ends and the plain likelihood takes over.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pipeline.training.moment import Done, constant, number

# --- deterministic annealing ------------------------------------------------------------------------------------------


def annealed_nll(log_joint: Tensor, exponent: float | Tensor) -> Tensor:
    """-(1 / b) log sum_k exp(b l_k), [...]: the negative log-likelihood with annealed responsibilities.

    Source: Ueda and Nakano, "Deterministic annealing EM algorithm", Neural Networks 11, 1998: the free energy whose
    minimisation gives the responsibilities r_k = exp(b l_k) / sum_j exp(b l_j). The exponent b in (0, 1] is an inverse
    temperature: towards 0 all components get 1 / K; 1 is the likelihood itself.
    """
    return -torch.logsumexp(exponent * log_joint, dim=-1) / exponent


def annealing_exponent(done: Done, first: float, until: float) -> float | Tensor:
    """The exponent b: from `first` to 1, by equal factors, then 1."""
    return number(done, lambda share: float(first ** (1 - share / until)) if share < until else 1.0)


# --- evolving winner-takes-all ----------------------------------------------------------------------------------------


def winners_nll(log_joint: Tensor, distances: Tensor, count: int, share_of_losers: float = 0.0) -> Tensor:
    """-(1 - e) times the mean of l_k over the n components closest to the target, less e times that of the others.

    [...], from `distances` [..., K]; n is `count`, e is `share_of_losers`.

    Source: Makansi et al., "Overcoming limitations of mixture density networks: a sampling and fitting framework for
    multimodal future prediction", CVPR 2019: the loss is summed over the n best hypotheses, and n goes from
    K to 1 in the course of training. Here it is the mean over them, so the learning rate means the same for every n.
    With n = K all components have equal shares; n = 1 is the winner's own likelihood.

    The losers' share is that of Rupprecht et al., "Learning in an uncertain world", ICCV 2017 (the relaxed assignment):
    a component that never wins still follows the targets, so it can win later.
    """
    ordered = log_joint.gather(-1, distances.argsort(dim=-1))
    winners, losers = ordered[..., :count].mean(dim=-1), ordered[..., count:]
    if not share_of_losers or not losers.shape[-1]:
        return -winners
    return -(1 - share_of_losers) * winners - share_of_losers * losers.mean(dim=-1)


def winner_count(done: Done, components: int, until: float) -> int | None:
    """The number n of winners: from K to 1 in stages of equal length; None once the plain likelihood takes over."""
    return constant(done, lambda share: components - math.floor(components * share / until) if share < until else None)


# --- a prior on the weights -------------------------------------------------------------------------------------------


def dirichlet_penalty(log_weights: Tensor, concentration: float) -> Tensor:
    """-(a - 1) sum_k log w_k, [...], for log-weights [..., K]: a Dirichlet prior on the mixing weights.

    Source: Li and Lee, "Generating multiple hypotheses for 3D human pose estimation with mixture density network", CVPR
    2019: the negative logarithm of a symmetric Dirichlet density without its constant. Their code has a = 2.
    """
    return -(concentration - 1) * log_weights.sum(dim=-1)
