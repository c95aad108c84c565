"""joint_linear: two ways to the same product, of which the processor decides."""

from __future__ import annotations

import pytest
import torch

from pipeline.lifting.models import layers as module


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("way", [True, False])
def test_both_ways_are_the_product_joint_by_joint(monkeypatch: pytest.MonkeyPatch, way: bool, bias: bool) -> None:
    monkeypatch.setattr(module, "CONVOLUTION_IS_FASTER", way)
    generator = torch.Generator().manual_seed(0)
    features, weight, offset = (
        torch.randn(*shape, generator=generator, requires_grad=True) for shape in ((3, 5, 7), (4, 7), (4,))
    )
    found = module.joint_linear(features, weight, offset if bias else None)
    expected = torch.einsum("bji,oi->bjo", features.double(), weight.double())
    expected = expected + offset.double() if bias else expected
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    for of_found, of_expected in zip(
        torch.autograd.grad(found.square().sum(), (features, weight), retain_graph=True),
        torch.autograd.grad(expected.square().sum(), (features, weight)),
        strict=True,
    ):
        torch.testing.assert_close(of_found, of_expected, rtol=1e-4, atol=1e-4)


def test_the_processor_decides() -> None:
    assert (torch.backends.cpu.get_cpu_capability() == "AVX512") == module.CONVOLUTION_IS_FASTER
