"""The authors' checkpoint files of 2018 to 2020, read with torch's restricted reader, which executes nothing.

Two harmless things in these files are too much for that reader:

- numpy scalars and arrays (an error, a learning curve). Allowing numpy's own functions would be a security hole: a
  pickle can clear the flags of an object dtype, and numpy then takes any bytes for a pointer. So the names of numpy's
  functions refer to the stand-ins below, which read plain numbers and drop the rest.
- opcodes that only Python 2 writes (SemGCN's authors used 2.7): strings that are text or bytes, and integers of more
  than 32 bits in decimal, such as the addresses by which old optimizers name their parameters. `in_todays_opcodes`
  rewrites them with today's opcodes.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.training.checkpoint import Advice, read_dictionary

PICKLES_OF_THE_OLD_FORMAT = 5  # magic number, protocol, machine, content, keys of the storages; then raw numbers
ZIP = b"PK\x03\x04"  # torch's format since 1.6; the old one is a row of pickles and raw numbers
ADVICE = Advice(
    missing="no such file; give the path of the file that the authors released",
    refused="where it is trusted, save its `state_dict` alone, and take that file",
    damaged="fetch it again",
)


def load(path: Path) -> dict[str, Any]:
    """Read what other people's code wrote with torch.save, in either of torch's formats, with Python 2 or 3.

    Tensors, plain values and containers are read; numpy scalars become plain numbers. Any other class is refused by its
    name. Raises CheckpointError.
    """
    return read_dictionary(path, ADVICE, lambda: _read(path))


def _read(path: Path) -> Any:
    data = path.read_bytes()
    if not data.startswith(ZIP):
        data = in_todays_opcodes(data)
    with torch.serialization.safe_globals(STAND_INS), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about pickles that it then refuses; the error says so
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)


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
