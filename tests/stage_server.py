"""Real stages without their imports: each is forked from one process that has loaded everything.

A killed stage costs seconds of imports before it does anything, so a test that kills many would spend its time on them.
Here `python -m pipeline ...` is a few lines that ask the server; the stage is a process of its own, and can be killed.

The server writes a line to its journal when a stage begins and when it ends: process, status (`-` at the beginning),
words of the command.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

# What `python` is for Snakemake and DVC: stages go to the server, all else to the real Python.
SHIM = """\
#!/bin/sh
case "$1 $2" in
  "-m pipeline") exec {python} -I -S {client} {address} "$@" ;;
esac
exec {python} "$@"
"""
CLIENT = """\
import array, json, os, socket, sys

asked = {"words": sys.argv[4:], "folder": os.getcwd(), "environment": dict(os.environ)}
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    streams = array.array("i", [0, 1, 2])
    server.sendmsg([json.dumps(asked).encode() + b"\\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    status = int(server.makefile().read() or 1)
if status < 0:
    os.kill(os.getpid(), -status)
sys.exit(status)
"""

ROOM = 2000  # bytes


class Event(NamedTuple):
    """A line of the journal."""

    process: int
    status: int | None  # None when the stage begins
    words: list[str]


class Server:
    """Where the server is, and what has run there."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.process = folder, process

    @property
    def path(self) -> str:
        """A PATH that finds the shim first."""
        return os.pathsep.join((str(self.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]))

    def journal(self) -> list[Event]:
        lines = (self.folder / "journal").read_text(encoding="utf-8").split("\n")[:-1]
        fields = (line.split(" ") for line in lines)
        return [Event(int(one[0]), None if one[1] == "-" else int(one[1]), one[2:]) for one in fields]

    def begun(self, after: int = 0) -> list[Event]:
        return [event for event in self.journal()[after:] if event.status is None]

    def fill_disk_of(self, stages: Iterable[str]) -> None:
        """From now on these stages find that a file cannot be longer than `ROOM`, as with `ulimit -f`."""
        (self.folder / "full").write_text("\n".join(sorted(stages)), encoding="utf-8")

    def kill_all(self) -> None:
        """End the stages that still run, as a machine that stops does."""
        ended = {event.process for event in self.journal() if event.status is not None}
        for event in self.begun():
            if event.process not in ended:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(event.process, signal.SIGKILL)


@contextlib.contextmanager
def started(folder: Path, repository: Path) -> Iterator[Server]:
    """A server with the code of a copy of the repository."""
    (folder / "bin").mkdir(parents=True)
    (folder / "journal").touch()
    (folder / "client.py").write_text(CLIENT, encoding="utf-8")
    shim = folder / "bin" / "python"
    address = folder / "socket"
    shim.write_text(SHIM.format(python=sys.executable, client=folder / "client.py", address=address))
    shim.chmod(0o755)
    with (folder / "printed").open("wb") as printed:
        command = [sys.executable, __file__, str(folder)]
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        process = subprocess.Popen(command, cwd=repository, env=environment, stdout=printed, stderr=printed)
    try:
        while not address.exists():
            assert process.poll() is None, (folder / "printed").read_text()
            time.sleep(0.05)
        yield Server(folder, process)
    finally:
        Server(folder, process).kill_all()
        process.kill()
        process.wait()


# --- the server's own process -----------------------------------------------------------------------------------------


def serve(folder: Path) -> None:
    """Fork a stage for each client."""
    from pipeline import __main__ as command_line

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _load(list(command_line.STAGES))
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / "new"))
    listening.listen()
    (folder / "new").rename(folder / "socket")  # only now can clients find it
    while True:
        client, _ = listening.accept()
        if not os.fork():
            listening.close()
            _watch(client, folder)
            os._exit(0)
        client.close()


def _load(stages: list[str]) -> None:
    """Import what the stages import; no thread may run when a stage is forked."""
    import importlib

    for stage in stages:
        importlib.import_module(f"pipeline.stages.{stage}")
    for name in ("pipeline.tools.plan", "pipeline.tools.where", "matplotlib.pyplot", "scipy.optimize", "mlflow"):
        importlib.import_module(name)


def _watch(client: socket.socket, folder: Path) -> None:
    """Start the stage that a client asks for, wait for its end, and tell the client."""
    journal, full = folder / "journal", folder / "full"
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, streams = _asked(client)
    stage = os.fork()
    if not stage:
        client.close()
        if full.exists() and asked["words"][0] in full.read_text(encoding="utf-8").split("\n"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
        _become(asked, streams)
    for stream in streams:
        os.close(stream)
    _note(journal, stage, "-", asked["words"])
    _, status = os.waitpid(stage, 0)
    code = os.waitstatus_to_exitcode(status)
    _note(journal, stage, str(code), asked["words"])
    with contextlib.suppress(BrokenPipeError):
        client.sendall(str(code).encode())


def _asked(client: socket.socket) -> tuple[dict, list[int]]:
    streams = array.array("i")
    content, ancillary, _, _ = client.recvmsg(1 << 20, socket.CMSG_SPACE(3 * streams.itemsize))
    for _, _, data in ancillary:
        streams.frombytes(data)
    while not content.endswith(b"\n"):
        content += client.recv(1 << 20)
    return json.loads(content), list(streams)


def _note(journal: Path, process: int, status: str, words: list[str]) -> None:
    with journal.open("a", encoding="utf-8") as file:
        file.write(" ".join([str(process), status, *words]) + "\n")


def _become(asked: dict, streams: list[int]) -> None:
    """Be the stage: its streams, its folder, its environment, its exit code."""
    from pipeline import __main__ as command_line

    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        code = command_line.main(asked["words"])
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
