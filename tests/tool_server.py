"""Commands without the imports of their libraries: each is forked from one process that has loaded them all.

`snakemake`, `dvc` and `python -m pipeline` load libraries for one to five seconds before they do anything, and tests
start them some hundred times. Here each of them is a few lines that ask the server. What then runs is a process of its
own, which can be killed. It loads the package `pipeline` itself, from the folder where it runs, so edits there count.

The server writes a line to its journal when a command begins and when it ends: process, status (`-` at the beginning),
words of the command.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import resource
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

PACKAGE = "pipeline"
TOOLS = {"snakemake": "snakemake.cli:main", "dvc": "dvc.cli:main"}
# What `python` is: the pipeline's commands and DVC's go to the server, all else to the real Python.
PYTHON = """\
#!/bin/sh
case "$1 $2" in
  "-m {package}" | "-m dvc") shift; exec {client} "$@" ;;
esac
exec {python} "$@"
"""
TOOL = """\
#!/bin/sh
exec {client} {name} "$@"
"""
CLIENT = """\
import array, json, os, socket, sys

asked = {"words": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ)}
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    streams = array.array("i", [0, 1, 2])
    server.sendmsg([json.dumps(asked).encode() + b"\\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    status = int(server.makefile().read() or 1)
if status < 0:
    os.kill(os.getpid(), -status)
sys.exit(status)
"""
# What the commands import, also late.
LIBRARIES = (
    *("snakemake.cli", "snakemake.report.html_reporter", "smart_open"),
    *("dvc.cli.parser", "dvc.repo.index", "dvc.scm", "dvc.data_cloud", "dvc_data.hashfile.db.local"),
    *("matplotlib.pyplot", "mlflow", "scipy.optimize", "torch", "torch._dynamo"),
)

USUAL_PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
ROOM = 2000  # bytes


class Event(NamedTuple):
    """A line of the journal."""

    process: int
    status: int | None  # None when the command begins
    words: list[str]


class Server:
    """Where the server is, and what has run there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def python(self) -> Path:
        return self.folder / "python" / "python"

    @property
    def script(self) -> str:
        """A command that runs a script of Python, whose path comes next."""
        return f"{_client(self.folder)} script"

    @property
    def stages(self) -> str:
        """A PATH on which `python -m pipeline` asks the server; Snakemake and DVC are started as usual."""
        return os.pathsep.join((str(self.python.parent), USUAL_PATH))

    @property
    def path(self) -> str:
        """A PATH on which Snakemake and DVC ask the server, too."""
        return os.pathsep.join((str(self.folder / "tools"), self.stages))

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
        """End the commands that still run, as a machine that stops does."""
        ended = {event.process for event in self.journal() if event.status is not None}
        for event in self.begun():
            if event.process not in ended:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(event.process, signal.SIGKILL)


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Server]:
    """A server of one's own, in a new folder."""
    server = Server(folder)
    for place in ("python", "tools"):
        (folder / place).mkdir(parents=True)
    (folder / "journal").touch()
    (folder / "client.py").write_text(CLIENT, encoding="utf-8")
    client = _client(folder)
    write_command(server.python, PYTHON.format(python=sys.executable, package=PACKAGE, client=client))
    for name in TOOLS:
        write_command(folder / "tools" / name, TOOL.format(name=name, client=client))
    with (folder / "printed").open("wb") as printed:
        process = subprocess.Popen([sys.executable, __file__, str(folder)], cwd=folder, stdout=printed, stderr=printed)
    try:
        while not (folder / "socket").exists():
            assert process.poll() is None, (folder / "printed").read_text()
            time.sleep(0.05)
        yield server
    finally:
        server.kill_all()
        process.kill()
        process.wait()


def _client(folder: Path) -> str:
    return f"{sys.executable} -I -S {folder / 'client.py'} {folder / 'socket'}"


def write_command(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@functools.cache
def shared() -> Server:
    """The server that all tests of this process share. It ends with the process."""
    ends = contextlib.ExitStack()
    atexit.register(ends.close)
    folder = Path(tempfile.mkdtemp(prefix="tools-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    ends.callback(shutil.rmtree, folder, ignore_errors=True)
    return ends.enter_context(started(folder / "server"))


# --- the server's own process -----------------------------------------------------------------------------------------


def serve(folder: Path) -> dict:
    """Fork a command for each client. Returns in the process of a command, with what its client asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for name in LIBRARIES:  # no thread may run when a command is forked
        importlib.import_module(name)
    gc.freeze()  # or each command would look through all of them
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / "new"))
    listening.listen()
    (folder / "new").rename(folder / "socket")  # only now can clients find it
    while True:
        client, _ = listening.accept()
        if not os.fork():
            listening.close()
            asked = _watch(client, folder)
            if asked:
                return asked
            os._exit(0)
        client.close()


def _watch(client: socket.socket, folder: Path) -> dict | None:
    """Start the command that a client asks for, wait for its end, and tell the client. Returns as `serve` does."""
    journal, full = folder / "journal", folder / "full"
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, streams = _asked(client)
    words = asked["words"][1:] if asked["words"][0] == PACKAGE else asked["words"]
    command = os.fork()
    if not command:
        client.close()
        if full.exists() and words[0] in full.read_text(encoding="utf-8").split("\n"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        return asked
    for stream in streams:
        os.close(stream)
    _note(journal, command, "-", words)
    _, status = os.waitpid(command, 0)
    code = os.waitstatus_to_exitcode(status)
    _note(journal, command, str(code), words)
    with contextlib.suppress(BrokenPipeError):
        client.sendall(str(code).encode())
    return None


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


def become(asked: dict, python: Path) -> None:
    """Be the command: its folder, its environment, its words. `python` is what it starts as Python."""
    import torch

    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    program, *words = asked["words"]
    sys.executable = str(python)
    sys.argv = [program, *words] if program != "script" else words
    sys.orig_argv = [sys.executable, *(("-m", program, *words) if program == PACKAGE else sys.argv)]
    sys.path[0] = asked["folder"] if program == PACKAGE else str(Path(sys.argv[0]).parent)
    # What Python and OpenMP read from the environment when they begin.
    if added := os.environ.get("PYTHONPATH"):
        sys.path[1:1] = added.split(os.pathsep)
        sys.modules.pop("sitecustomize", None)
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module("sitecustomize")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))
    if program == PACKAGE:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    elif program == "script":
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        sys.exit(pkgutil.resolve_name(TOOLS[program])())


def end(run: Callable[[], None]) -> NoReturn:
    """Run, and end as Python does, but leave the libraries in memory: to take them apart costs half a second."""
    code = 0
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        run()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
    except BaseException as error:
        code = 1
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    asked = serve(folder)
    end(lambda: become(asked, Server(folder).python))
