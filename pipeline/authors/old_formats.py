"""What other people's checkpoints hold besides tensors, made harmless for torch's restricted reader.

Two things in files of 2018 to 2020 are too much for that reader, though neither is dangerous:

- numpy scalars and arrays (an error, a learning curve). Allowing numpy's own functions would open a hole: a pickle may
  clear the flags of an object dtype and so have numpy take any bytes for a pointer. So the names of numpy's functions
  lead to the stand-ins below, which read plain numbers and forget the rest.
- opcodes that only Python 2 writes (SemGCN's authors used 2.7): its strings, which are text or bytes, and integers
  beyond 32 bits in decimal, such as the addresses by which old optimizers name their parameters. `in_todays_opcodes`
  says the same with opcodes of today.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

PICKLES_OF_THE_OLD_FORMAT = 5  # magic number, protocol, machine, content, keys of the storages; then raw numbers
HARMLESS_PACKAGES = ("torch", "collections", "numpy", "_codecs")


class NumberType:
    """Stands for numpy.dtype: remembers which kind of number it was."""

    def __init__(self, code: object = "", *_: object) -> None:
        self.code = str(code)
        self.order = "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = str(state[1])


class ForgottenArray:
    """Stands for numpy.ndarray: no entry that anybody asks for is one."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


def number(kind: object, data: bytes | str = b"") -> bool | int | float | None:
    """Stands for numpy's `scalar`: a plain number; None for whatever else numpy could have made of it.

    Raises ValueError if the bytes are not as many as the number has.
    """
    known = isinstance(kind, NumberType) and re.fullmatch(r"[<>|=](b1|[iu][1248]|f[248])", kind.order + kind.code)
    if not known:
        return None
    raw = data.encode("latin1") if isinstance(data, str) else data  # Python 2's bytes are text by now
    (value,) = np.frombuffer(raw, dtype=known[0])
    plain: bool | int | float = value.item()
    return plain


STAND_INS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (NumberType, "numpy.dtype"),
    (ForgottenArray, "numpy.ndarray"),
    *((number, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
    *((ForgottenArray, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
]


def in_todays_opcodes(data: bytes) -> bytes:
    """The bytes of a file in torch's old format, without the opcodes of Python 2. Nothing in it is executed.

    Where the bytes are no pickle they are left as they are, for the reader to complain about.
    """
    parts, start = [], 0
    for _ in range(PICKLES_OF_THE_OLD_FORMAT):
        translated, end = _translate(data, start)
        if end == start:
            break
        parts.append(translated)
        start = end
    return b"".join([*parts, data[start:]])


def _translate(data: bytes, start: int) -> tuple[bytes, int]:
    """The pickle at `start` in opcodes of today, and where it ends: at `start` if there is none."""
    stream = io.BytesIO(data)
    stream.seek(start)
    try:
        steps = list(pickletools.genops(stream))
    except ValueError:
        return b"", start
    ends = [position for _, _, position in steps[1:]] + [stream.tell()]
    parts = []
    for (opcode, value, position), end in zip(steps, ends, strict=True):
        if opcode.name == "INT" and type(value) is int:
            raw = pickle.encode_long(value)
            parts.append(pickle.LONG1 + bytes([len(raw)]) + raw)
        elif opcode.name in ("BINSTRING", "SHORT_BINSTRING") and isinstance(value, str):
            raw = value.encode()  # read as latin1, so that every byte is a letter and none is lost
            parts.append(pickle.BINUNICODE + len(raw).to_bytes(4, "little") + raw)
        else:
            parts.append(data[position:end])
    return b"".join(parts), stream.tell()


def stranger(data: bytes) -> str | None:
    """The first class or function that a pickle of protocol 4 or 5 names and that no data needs. Nothing is executed.

    torch's reader does not know these protocols, and so cannot say what it refused.
    """
    texts: list[str] = [""]
    memory: list[str] = []
    latest = ""
    try:
        for opcode, value, _ in pickletools.genops(data):
            if opcode.name == "MEMOIZE":
                memory.append(latest)
                continue
            latest = value if isinstance(value, str) else ""
            if opcode.name in ("BINGET", "LONG_BINGET") and isinstance(value, int) and value < len(memory):
                latest = memory[value]
            if latest:
                texts.append(latest)
            if opcode.name == "STACK_GLOBAL" and texts[-2].split(".")[0] not in HARMLESS_PACKAGES:
                return ".".join(texts[-2:])
    except ValueError:
        pass  # no pickle, or half of one: then nobody can be named
    return None
