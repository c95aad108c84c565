"""The 2D joints that a network was given, in words: ground truth, or what replaces a detector's output."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.config.pixels import IMAGES
from pipeline.lifting.results import GROUND_TRUTH, Input
from pipeline.report.metrics import Metrics

SHORT = {GROUND_TRUTH: "GT", "stacked_hourglass": "SH", "cascaded_pyramid_network": "CPN", IMAGES: "image"}
LONG = {
    GROUND_TRUTH: "ground-truth 2D",
    "stacked_hourglass": "stacked-hourglass 2D (SH)",
    "cascaded_pyramid_network": "cascaded-pyramid-network 2D (CPN)",
    IMAGES: "images of one person each",
}
NOISE = "noise"  # the source of an input that replaces a detector where there are no images


def short(name: str) -> str:
    return SHORT.get(name, name)


def of(metrics: Metrics) -> str:
    """`GT`, `SH`, or `SH (noise)` where no detector ran."""
    return f"{short(metrics.input)} ({NOISE})" if is_noise(metrics) else short(metrics.input)


def is_noise(metrics: Metrics) -> bool:
    return metrics.data is not None and metrics.data.input.source == NOISE


def named(names: Iterable[str]) -> str:
    """`ground-truth 2D and stacked-hourglass 2D (SH)`: each input once, the true one first."""
    order = list(LONG)
    known = sorted(set(names), key=lambda name: (order.index(name) if name in order else len(order), name))
    return listed([LONG.get(name, name) for name in known])


def origins(inputs: Iterable[Input]) -> list[str]:
    """Sentences, without full stop, on the inputs that are no ground truth: where they are from, how far they are off.

    All noise shares one.
    """
    first: dict[str, Input] = {}
    for found in inputs:
        if found.name != GROUND_TRUTH:
            first.setdefault(found.name, found)
    spoilt = [found for found in first.values() if found.source == NOISE]
    sentences = [_origin(found) for found in first.values() if found.source != NOISE]
    if not spoilt:
        return sentences
    are = "is" if len(spoilt) == 1 else "are"
    given = listed([f"{short(found.name)}{_off(found)}" for found in spoilt])
    return [*sentences, f"No detector ran: {given} {are} noise on the true 2D joints, as detectors spoil them"]


def given(names: Iterable[str], spoilt: bool) -> str:
    """What a table's networks are given, in a line."""
    noise = ", which is noise on the true joints here: no detector ran" if spoilt else ""
    return f"2D input: {named(names)}{noise}."


def _origin(found: Input) -> str:
    words = found.description or f"{short(found.name)} is a detector's output, read from a file"
    return f"{words.rstrip('.')}{_off(found)}"


def _off(found: Input) -> str:
    return "" if found.mean_error_px is None else f" (on average {found.mean_error_px:.1f} px from the truth)"


def listed(words: list[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`; with another word before the last, `a, b or c`."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
