"""The device that a preset asks for, made ready."""

from __future__ import annotations

from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.training import device as devices


def prepare(run: Run, threads: int | None = None) -> str:
    """torch's name of the preset's device, with as many threads as the preset says, or as are given.

    Raises InputError where the preset asks for a GPU and there is none.
    """
    try:
        return devices.prepare(run.preset.device, run.preset.threads if threads is None else threads)
    except devices.DeviceError as error:
        raise InputError(f"params/{run.preset_name}.yaml: {error}") from None
