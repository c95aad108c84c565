"""When, where and from which commits a preset's variants were trained: the records that trainings leave, together."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from typing import Any

Record = dict[str, Any]  # the content of an environment.json

NEEDED = ("started", "finished", "seconds", "device", "torch", "python", "platform", "git_commit")
DIRTY = "-dirty"
UNFINISHED = "Not finished"  # begins the note of a committed run that was copied before its end


def of(records: Sequence[Record]) -> dict[str, Any]:
    """Dates, hours, commits and versions of at least one record that has all NEEDED fields."""
    spans = [span(record) for record in records]
    started, finished = min(span[0] for span in spans), max(span[1] for span in spans)
    commits = _distinct(record["git_commit"] for record in records)
    return {
        "date": finished.date().isoformat(),
        "started": started.isoformat(),
        "finished": finished.isoformat(),
        "hours": round((finished - started).total_seconds() / 3600, 2),
        "training_hours": round(sum(float(record["seconds"]) for record in records) / 3600, 2),
        "commits": list(dict.fromkeys(commit.removesuffix(DIRTY) for commit in commits)),
        "uncommitted_changes": any(commit.endswith(DIRTY) for commit in commits),
        "torch": ", ".join(_distinct(record["torch"] for record in records)),
        "python": ", ".join(_distinct(record["python"] for record in records)),
    }


def systems(records: Sequence[Record]) -> list[str]:
    """The operating systems that the variants were trained on."""
    return _distinct(record["platform"] for record in records)


def gpus(records: Sequence[Record]) -> list[str]:
    """The names of the GPUs. The record of a CPU is its architecture, which is part of the system's name."""
    return _distinct(record["device"] for record in records if record["device"] not in record["platform"])


def span(record: Record) -> tuple[datetime.datetime, datetime.datetime]:
    """When a training was started and finished, in UTC.

    A clock that was set back while it ran gives an end before the start; the measured seconds know better.
    """
    started, finished = _moment(record["started"]), _moment(record["finished"])
    if finished < started:
        finished = started + datetime.timedelta(seconds=math.ceil(float(record["seconds"])))
    return started, finished


def _moment(text: str) -> datetime.datetime:
    """An ISO time in UTC; a time without an offset is UTC."""
    moment = datetime.datetime.fromisoformat(text)
    return moment.astimezone(datetime.UTC) if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _distinct(values: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(str(value) for value in values if value))
