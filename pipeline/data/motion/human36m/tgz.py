"""Reading the archives of Human3.6M as released: one per subject and kind of data, a file for each take."""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pipeline.artifacts import InputError

REMEDY = "get it again"


def members(
    path: Path, pattern: re.Pattern[str], largest: int, progress: bool = True
) -> Iterator[tuple[re.Match[str], bytes]]:
    """The match of the name, and the content, of each file in an archive whose name matches, in the archive's order.

    Anything else is passed over. A link in the place of a file is refused, and a file of more than `largest` bytes.
    Raises InputError for an archive that is truncated or damaged.
    """
    try:
        with path.open("rb") as file:
            size, words = path.stat().st_size, f"read {path.name}"
            bar: Any = tqdm.wrapattr(file, "read", total=size, desc=words, disable=None if progress else True)
            with bar as counted, gzip.GzipFile(fileobj=counted) as unzipped:
                with tarfile.open(fileobj=unzipped, mode="r|") as archive:
                    for entry in archive:
                        match = pattern.fullmatch(entry.name)
                        if match is None:
                            continue
                        if not entry.isreg():
                            raise InputError(f"{path}: {entry.name} is a link or no file, and is not read; {REMEDY}")
                        if entry.size > largest:
                            raise InputError(f"{path}: {entry.name} claims {entry.size >> 20} MB; {REMEDY}")
                        content = archive.extractfile(entry)
                        assert content is not None  # it is a regular file
                        yield match, content.read()
                while unzipped.read(1 << 20):  # up to the check sum after the last byte
                    pass
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise InputError(f"{path}: {error.strerror}; mend that and run again") from None
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: truncated or damaged ({reason}); {REMEDY}") from None
