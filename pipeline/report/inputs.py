"""The 2D joints that a network was given, in words: ground truth, or what stands for a detector's output."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.report.metrics import GROUND_TRUTH, Input

SHORT = {GROUND_TRUTH: "GT", "stacked_hourglass": "SH", "cascaded_pyramid_network": "CPN"}
LONG = {
    GROUND_TRUTH: "ground-truth 2D",
    "stacked_hourglass": "stacked-hourglass 2D (SH)",
    "cascaded_pyramid_network": "cascaded-pyramid-network 2D (CPN)",
}
# What is said of an input whose metrics file has no sentence of its own.
ORIGINS = {
    "noise": "No detector ran: noise was added to the true 2D joints",
    "file": "2D joints are a detector's output, read from a file",
}


def short(name: str) -> str:
    return SHORT.get(name, name)


def named(inputs: Iterable[Input]) -> str:
    """`ground-truth 2D and stacked-hourglass 2D (SH)`: each input once."""
    return " and ".join(dict.fromkeys(LONG.get(found.name, found.name) for found in inputs))


def origins(inputs: Iterable[Input]) -> list[str]:
    """A sentence, without full stop, for each input that is no ground truth: where it is from, how far it is off."""
    first: dict[str, Input] = {}
    for found in inputs:
        first.setdefault(found.name, found)
    return [_origin(found) for name, found in first.items() if name != GROUND_TRUTH]


def _origin(found: Input) -> str:
    words = found.description or ORIGINS.get(found.source, f"2D joints are of source {found.source}")
    off = "" if found.mean_error_px is None else f", on average {found.mean_error_px:.1f} px from the truth"
    return f"{words.rstrip('.')} ({short(found.name)}{off})"
