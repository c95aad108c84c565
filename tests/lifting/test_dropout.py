"""Dropout's statistics: the rate, the scale, and that no element knows of another."""

import pytest
import torch
from scipy import stats

from pipeline.lifting.models.layers import Dropout

COUNT = 400_001  # odd: the last random word is used by half


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rate_and_scale(rate: float, dtype: torch.dtype):
    torch.manual_seed(0)
    out = Dropout(rate)(torch.ones(COUNT, dtype=dtype))
    zeros = int((out == 0).sum())
    assert stats.binomtest(zeros, COUNT, rate).pvalue > 0.001
    torch.testing.assert_close(out[out != 0], torch.full((COUNT - zeros,), 1 / (1 - rate), dtype=dtype))


def test_neighbours_are_independent():
    """Both halves of a random word decide over an element each."""
    torch.manual_seed(1)
    dropped = Dropout(0.3)(torch.ones(COUNT)) == 0
    table = torch.zeros(2, 2)
    table.index_put_((dropped[0:-1:2].long(), dropped[1::2].long()), torch.ones(COUNT // 2), accumulate=True)
    assert stats.chi2_contingency(table.numpy()).pvalue > 0.001
    assert stats.binomtest(int(dropped[::2].sum()), len(dropped[::2]), 0.3).pvalue > 0.001
    assert stats.binomtest(int(dropped[1::2].sum()), len(dropped[1::2]), 0.3).pvalue > 0.001


def test_follows_the_seed_alone():
    def draw(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return Dropout(0.5)(torch.ones(64, 16, 8))

    assert torch.equal(draw(0), draw(0)) and not torch.equal(draw(0), draw(1))


def test_gradient_passes_where_values_pass():
    features = torch.randn(1000, requires_grad=True)
    out = Dropout(0.2)(features)
    out.sum().backward()
    torch.testing.assert_close(features.grad, torch.where(out == 0, 0.0, 1.25))


@pytest.mark.parametrize("layer", [Dropout(0.5).eval(), Dropout(0.0)])
def test_does_nothing_in_evaluation_or_at_rate_zero(layer: Dropout):
    features = torch.randn(100)
    assert layer(features) is features


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_impossible_rates_are_refused(rate: float):
    with pytest.raises(ValueError, match="dropout rate"):
        Dropout(rate)
