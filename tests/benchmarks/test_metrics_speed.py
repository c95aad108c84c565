"""Half a million poses in Protocol 2 must take less than 20 s on 2 cores."""

import time

import pytest
import torch

from pipeline.lifting.metrics import mpjpe, p_mpjpe

pytestmark = pytest.mark.benchmark
POSES = 500_000


def test_half_a_million_poses_in_protocol_2():
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(POSES, 16, 3, generator=generator)
    prediction = target + 0.1 * torch.randn(POSES, 16, 3, generator=generator)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        start = time.perf_counter()
        aligned = p_mpjpe(prediction, target)
        seconds = time.perf_counter() - start
    finally:
        torch.set_num_threads(threads)
    print(f"\nP-MPJPE of {POSES:,} poses: {seconds:.1f} s, {POSES / seconds:,.0f} poses/s")
    assert 0 < aligned < mpjpe(prediction, target)
    assert seconds < 20
