"""What the user's shell brings along that must not reach a job, settled in one place before anything else is imported.

Snakemake, DVC and notebooks hand their environment on to every job. Proxies are left as they are: downloads need them.
"""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import MutableMapping
from pathlib import Path


def settle(environment: MutableMapping[str, str] = os.environ) -> None:
    """Change this process's environment, and so that of the programs it starts."""
    # A notebook names a backend of its own, which is not installed here; all figures are drawn into files.
    environment["MPLBACKEND"] = "Agg"
    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container's user without an entry in the system's list
        environment.setdefault("USER", str(os.getuid()))  # or asking for the user's name fails
        home = ""
    if not environment.get("HOME"):
        environment["HOME"] = home if home and Path(home).is_dir() else tempfile.gettempdir()
