"""Which way joint_linear's product is faster: on this processor as it is, and on one that has AVX2 alone."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import pytest
import torch

pytestmark = pytest.mark.benchmark

SHAPES = ((64, 16, 128, 128), (256, 16, 128, 128), (256, 96, 128, 128), (256, 16, 512, 1024))  # B, J, in -> out
# Of a processor without AVX-512, for each of the libraries that ask for it.
ONLY_AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
PROGRAM = f"""
import json, statistics, time, torch
from torch.nn.functional import linear
from pipeline.lifting.models import layers as module
torch.set_num_threads(1)
ways, found = {{True: module.as_convolution, False: linear}}, []
for batch, joints, inputs, outputs in {SHAPES}:
    shapes = ((batch, joints, inputs), (outputs, inputs), (outputs,))
    tensors = [torch.randn(*shape, requires_grad=True) for shape in shapes]
    seconds = {{True: [], False: []}}
    for _ in range(22):
        for way, product in ways.items():
            start = time.perf_counter()
            product(*tensors).sum().backward()
            seconds[way].append(time.perf_counter() - start)
    found.append({{way: 1000 * statistics.median(taken[2:]) for way, taken in seconds.items()}})
chosen = module.CONVOLUTION_IS_FASTER
print(json.dumps([torch.backends.cpu.get_cpu_capability(), [[times[chosen], times[not chosen]] for times in found]]))
"""


@pytest.mark.parametrize("processor", ["as it is", "AVX2"])
def test_the_faster_way_is_taken(processor: str) -> None:
    if processor == "AVX2" and torch.backends.cpu.get_cpu_capability() != "AVX512":
        pytest.skip("this processor has no more than AVX2 as it is")
    environment = os.environ | (ONLY_AVX2 if processor == "AVX2" else {})
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    capability, times = json.loads(answer.stdout)
    for shape, (chosen, other) in zip(SHAPES, times, strict=True):
        print(
            f"\n{capability} {shape}: {chosen:.2f} ms, the other way {other:.2f} ms; {other / chosen:.2f} times faster"
        )
    ratios = [other / chosen for chosen, other in times]
    assert math.prod(ratios) ** (1 / len(ratios)) > 1.05
