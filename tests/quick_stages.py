"""Replaces `python -m pipeline STAGE`: writes the outputs in the job's plan at once, and records the job.

The tools, the plan and the code are the real ones. The outputs' content is a digest of the plan and of the inputs, so
that they change when a real stage's outputs could change.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import tool_server

SHIM = """\
#!/bin/sh
case "$1 $2 $3" in
  "-m pipeline plan" | "-m pipeline where") ;;
  "-m pipeline "*) shift 2; exec {script} {quick} "$@" ;;
esac
exec {python} "$@"
"""


def install(folder: Path, served: bool = True) -> str:
    """Put a `python` into a folder; returns a PATH that finds it first, then the tools, by the server or as usual."""
    python, script, path = sys.executable, sys.executable, tool_server.USUAL_PATH
    if served:
        server = tool_server.shared()
        python, script, path = str(server.python), server.script, server.path
    folder.mkdir(parents=True, exist_ok=True)
    tool_server.write_command(folder / "python", SHIM.format(python=python, script=script, quick=__file__))
    return os.pathsep.join((str(folder), path))


def content_of(path: Path) -> bytes:
    if path.is_file():
        return path.read_bytes()
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    return b"".join(file.read_bytes() for file in files)


def main() -> None:
    stage, options = sys.argv[1], dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
    preset = options.pop("--preset")
    values = [f"seed_{value}" if name == "--seed" else value for name, value in options.items()]
    plan = Path("data", preset, "plan", *(stage, *values)).with_suffix(".json")
    wanted = json.loads(plan.read_text())
    content = hashlib.sha256(plan.read_bytes())
    for path in wanted["inputs"]:
        content.update(content_of(Path(path)))
    for name in (*wanted["outputs"], str(plan).replace("/plan/", "/made/")):
        path = Path(name)
        file = path if path.suffix else path / "file"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{name} {content.hexdigest()}")
        if stage.startswith("train_") and not path.suffix:
            (path / "checkpoint.pt").write_text(f"weights {content.hexdigest()}")
    if os.environ.get("RECORDS"):  # whether jobs leave a true record
        from pipeline.config.made import Digests  # only here, because it takes half a second

        digests = Digests(Path())
        record = {"plan": wanted, "data": {path: digests.of(path) for path in wanted["inputs"]}}
        Path(str(plan).replace("/plan/", "/made/")).write_text(json.dumps(record))
    with Path(os.environ["JOURNAL"]).open("a") as journal:
        journal.write(" ".join((stage, *values)) + "\n")


if __name__ == "__main__":
    main()
