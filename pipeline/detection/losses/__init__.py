"""The terms of a CenterNet's loss, each a scalar. What they are terms of: objective.py.

The mixture's is imported when it is asked for: no other variant uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config import modules
from pipeline.detection.losses.terms import focal_loss, masked_l1

if TYPE_CHECKING:
    from pipeline.detection.losses.mixture import mixture_loss as mixture_loss

__all__ = ["focal_loss", "masked_l1"]


def __getattr__(name: str) -> object:
    return modules.offered(__name__, name)
