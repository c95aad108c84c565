"""Write the lock anew: `make lock` after pyproject.toml got a dependency, `make lock UPGRADE=1` for new versions.

`make lock UPGRADE=1 KEEP=torch` takes new versions of all but torch: another torch rounds otherwise, so a run that is
going on would get numbers of two versions.

envs/constraints.txt gets every version that `pip install '.[biomechanics,slurm,test]'` chooses, envs/environment.yaml
the same lines for conda. Torch is resolved as the registry's build, which runs on a GPU and without one; what it needs
for a GPU is locked with it and installed with it. A machine that offers a CPU build of the same version (2.13.0+cpu)
may take that one instead, so no version here has such an ending.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ENVS = Path(__file__).parent
CONSTRAINTS = ENVS / "constraints.txt"
ENVIRONMENT = ENVS / "environment.yaml"
HEADER = "# Every version, for Linux x86-64 and Python 3.11, with a GPU or without. Written by `make lock`.\n"


def resolve(*more: str, upgrade: bool) -> dict[str, str]:
    """Names and versions that pip would install for the project into an empty environment."""
    keep = [] if upgrade or not CONSTRAINTS.exists() else ["--constraint", str(CONSTRAINTS)]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ["--quiet", "--dry-run", "--ignore-installed", "--report", str(report), *keep]
        wanted = ["--editable", f"{ENVS.parent}[biomechanics,slurm,test]", "pip", "setuptools", *more]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, *wanted], check=True)
        chosen = [item["metadata"] for item in json.loads(report.read_text(encoding="utf-8"))["install"]]
    return {re.sub(r"[-_.]+", "-", item["name"]).lower(): item["version"] for item in chosen}


def locked_torch() -> list[str]:
    """The locked torch as a requirement that leaves out builds such as 2.13.0+cpu; none if there is no lock."""
    if not CONSTRAINTS.exists():
        return []
    found = re.search(r"^torch==(\S+)$", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)
    return [f"torch==={found[1]}"] if found else []


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options.add_argument("--keep", choices=["torch"], help="the package that --upgrade leaves as it is")
    given = options.parse_args()
    upgrade = given.upgrade
    print("asking pip, some minutes: where a registry gives no metadata, pip fetches the packages, 2 GB", flush=True)
    versions = resolve(*(locked_torch() if given.keep or not upgrade else []), upgrade=upgrade)
    torch, _, local = versions["torch"].partition("+")
    if local:  # a new version, and this machine offers its CPU build
        versions = resolve(f"torch==={torch}", upgrade=upgrade)
    del versions["mixpose"]
    lines = [f"{name}=={version}" for name, version in sorted(versions.items())]
    CONSTRAINTS.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    before, _, _ = ENVIRONMENT.read_text(encoding="utf-8").partition("  - pip:\n")
    pip = "".join(f"      - {line}\n" for line in lines if not line.startswith("pip=="))
    ENVIRONMENT.write_text(f"{before}  - pip:\n{pip}", encoding="utf-8")


if __name__ == "__main__":
    main()
