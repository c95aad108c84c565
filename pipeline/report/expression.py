"""A quantity of a variant as claims_*.yaml write it: `name(variant)` or `name(variant, argument)`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.artifacts import InputError
from pipeline.report.meanings import MEANINGS

BySeed = dict[int, float]

FORM = re.compile(r"(\w+)\((\w+)(?:, (\w+))?\)")


class NotRunError(Exception):
    """A quantity that this run cannot give; the message says why."""


@dataclass(frozen=True)
class Expression:
    """A quantity of a variant; for an error also one action, where a claim counts them."""

    quantity: str
    variant: str
    argument: str | None = None
    action: str | None = None

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Raises InputError where the text has another form or no such quantity exists."""
        match = FORM.fullmatch(text)
        if not match or match[1] not in MEANINGS:
            raise InputError(f"claims: {text!r} is no quantity; write name(variant) or name(variant, argument)")
        return cls(match[1], match[2], match[3])

    @property
    def label(self) -> str:
        inside = ", ".join(word for word in (self.variant, self.argument, self.action) if word)
        return f"{self.quantity}({inside})"
