"""The device that a preset asks for, made ready."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.training import device as devices
from pipeline.training import slots


def prepare(run: Run, threads: int | None = None) -> str:
    """torch's name of the preset's device, with as many threads as the preset says, or as are given.

    Raises InputError where the preset asks for a GPU and there is none.
    """
    try:
        return devices.prepare(run.preset.device, run.preset.threads if threads is None else threads)
    except devices.DeviceError as error:
        raise InputError(f"params/{run.preset_name}.yaml: {error}") from None


def slot(run: Run, whole: bool = False) -> AbstractContextManager[None]:
    """A slot of the GPU that the preset's jobs use (training/slots.py), or all of them. On a CPU there are none.

    Raises InputError if the number of slots is none.
    """
    if run.preset.device == "cpu" or not torch.cuda.is_available():
        return nullcontext()
    try:
        return slots.slot(str(torch.cuda.get_device_properties(0).uuid), slots.count(), whole)
    except ValueError as error:
        raise InputError(str(error)) from None
