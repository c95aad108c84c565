"""The motion half of Acclaim's format: one frame after the other, each bone's degrees of freedom on a line.

A regular file (every frame names the same bones in the same sequence) is read column by column, hundreds of times
faster than line by line. Anything else goes to the careful reader, which accepts bones in any sequence and otherwise
says what is wrong, and on which line.
"""

import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.data.motion.acclaim import words as acclaim
from pipeline.data.motion.acclaim.asf import REMEDY, AcclaimSkeleton

LAST_FRAME = 10_000_000  # a day at 120 Hz


@dataclass(frozen=True)
class AcclaimMotion:
    """A take: the file's own numbers of its `frames` [T], and the skeleton's `channels` [T, C] in mm and radians."""

    frames: NDArray[np.int64]
    channels: NDArray[np.float64]


def read_motion(path: Path, skeleton: AcclaimSkeleton) -> AcclaimMotion:
    """Read an AMC file that moves `skeleton`. Frame numbers are taken as they come, but must increase."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run the download stage, or put the file there") from None
    lines = data.splitlines()
    start = _first_frame(path, lines, skeleton)
    header = [line.strip().upper() for line in lines[:start]]

    motion = _read_columns(lines, start, skeleton) or _read_lines(path, lines, start, skeleton)
    radians = math.pi / 180 if b":DEGREES" in header else 1.0 if b":RADIANS" in header else skeleton.radians
    is_length = np.array([freedom.startswith("t") for _, freedom in skeleton.channels])
    return AcclaimMotion(motion.frames, motion.channels * np.where(is_length, skeleton.millimetres, radians))


def _first_frame(path: Path, lines: list[bytes], skeleton: AcclaimSkeleton) -> int:
    """The index of the first frame's line: the first number alone after the header's last keyword (`:DEGREES`).

    The header may have a line of digits too, and a frame's number may be negative or decimal, so neither tells them
    apart.
    """
    bones = _widths(skeleton)
    last = start = 0
    moved = False
    for last, line in enumerate(lines):
        words = acclaim.words_of(line)
        if words and words[0].startswith(b":"):
            start = last + 1
        elif words and words[0] in bones:
            moved = True
            break
    before = lines[start : last + 1]
    first = next((index for index, line in enumerate(before, start) if _frame_number(line) is not None), None)
    if first is None and moved:
        name = _word(lines[last].split()[0])
        raise InputError(f"{path}:{last + 1}: {name} is moved before the first frame's number; {REMEDY}")
    if first is None:
        raise InputError(f"{path}:{len(lines)}: no frames in the file; {REMEDY}")
    return first


def _frame_number(line: bytes) -> float | None:
    """The number that a line is, or None if it is anything else."""
    words = acclaim.words_of(line)
    return acclaim.number(words[0]) if len(words) == 1 else None


def _widths(skeleton: AcclaimSkeleton) -> dict[bytes, int]:
    """How many values stand behind the name of each bone that moves."""
    counts = zip(skeleton.names, skeleton.freedoms, strict=True)
    return {name.encode(): len(freedoms) for name, freedoms in counts if freedoms}


def _read_columns(lines: list[bytes], start: int, skeleton: AcclaimSkeleton) -> AcclaimMotion | None:
    """The motion of a regular file, or None where anything at all is unusual. Values in the file's units."""
    widths = _widths(skeleton)
    names = [line.split(maxsplit=1)[0] for line in lines[start + 1 : start + 1 + len(widths)] if line.strip()]
    if sorted(names) != sorted(widths):
        return None
    text = b"\n".join(lines[start:])
    if b"_" in text:  # Python takes 1_000 for a number, which the careful reader refuses
        return None
    words = text.split()
    period = 1 + sum(1 + widths[name] for name in names)
    if len(words) % period:
        return None
    columns: dict[bytes, list[NDArray[np.float64]]] = {}
    position, count = 1, len(words) // period
    try:
        frames = np.fromiter(map(int, words[::period]), dtype=np.int64, count=count)
        for name in names:
            if any(word != name for word in words[position::period]):
                return None
            stops = range(position + 1, position + 1 + widths[name])
            columns[name] = [np.fromiter(map(float, words[at::period]), np.float64, count) for at in stops]
            position += 1 + widths[name]
    except (ValueError, OverflowError):
        return None
    channels = np.stack(list(itertools.chain.from_iterable(columns[name] for name in widths)), axis=1)
    regular = np.isfinite(channels).all() and (np.diff(frames) > 0).all() and (np.abs(frames) <= LAST_FRAME).all()
    return AcclaimMotion(frames, channels) if regular else None


def _read_lines(path: Path, lines: list[bytes], start: int, skeleton: AcclaimSkeleton) -> AcclaimMotion:
    """The motion line by line; InputError with the line of the first fault. Values in the file's units."""
    widths = _widths(skeleton)
    frames: list[int] = []
    rows: list[dict[bytes, tuple[float, ...]]] = []
    last = start
    for number, line in enumerate(lines[start:], start=start + 1):
        words = acclaim.words_of(line)
        if not words:
            continue
        frame = _frame_number(line)
        if frame is not None:
            if rows:
                _check_complete(path, last, frames[-1], rows[-1], widths)
            if abs(frame) > LAST_FRAME or frame != round(frame):
                raise InputError(f"{path}:{number}: {_word(words[0])} is no frame's number; {REMEDY}")
            if frames and frame <= frames[-1]:
                raise InputError(f"{path}:{number}: frame {int(frame)} comes after frame {frames[-1]}; {REMEDY}")
            frames.append(int(frame))
            rows.append({})
        else:
            name = words[0]
            if name in rows[-1]:
                raise InputError(f"{path}:{number}: frame {frames[-1]} has {_word(name)} twice; {REMEDY}")
            rows[-1][name] = _values(path, number, frames[-1], words, widths, skeleton)
        last = number
    _check_complete(path, last, frames[-1], rows[-1], widths)
    channels = [[value for name in widths for value in row[name]] for row in rows]
    return AcclaimMotion(np.array(frames), np.array(channels))


def _check_complete(
    path: Path, line: int, frame: int, row: dict[bytes, tuple[float, ...]], widths: dict[bytes, int]
) -> None:
    """Raise where the frame that ends on this line lacks a bone."""
    lacking = [name for name in widths if name not in row]
    if lacking:
        shown = ", ".join(_word(name) for name in lacking[:3]) + (", ..." if len(lacking) > 3 else "")
        raise InputError(
            f"{path}:{line}: frame {frame} ends here with {len(row)} of {len(widths)} bones, without {shown}; {REMEDY}"
        )


def _values(
    path: Path, line: int, frame: int, words: list[bytes], widths: dict[bytes, int], skeleton: AcclaimSkeleton
) -> tuple[float, ...]:
    """The values of one bone's line, checked against the skeleton."""
    name = _word(words[0])
    if words[0] not in widths:
        raise InputError(f"{path}:{line}: frame {frame} moves {name}, which {skeleton.path.name} does not; {REMEDY}")
    if len(words) - 1 != widths[words[0]]:
        raise InputError(
            f"{path}:{line}: frame {frame} has {len(words) - 1} values for {name}, "
            f"{skeleton.path.name} has {widths[words[0]]} degrees of freedom; {REMEDY}"
        )
    values = acclaim.numbers(words[1:])
    if values is None or not all(map(math.isfinite, values)):
        shown = _word(b" ".join(words[1:]))
        raise InputError(f"{path}:{line}: frame {frame}: {name} {shown} is not finite numbers; {REMEDY}")
    return values


def _word(word: bytes) -> str:
    return word.decode("latin-1")
