"""The code that makes a result: the definitions that it reaches from where it begins, as a digest of each file.

The unit is a top-level definition: a function, a class, an assigned name. From where a job begins the plan follows the
names that each definition mentions, through imports. So an edit to a layer runs again what uses that layer, and not
what uses another layer of the same file. `syntax.py` says what a definition mentions and what of it counts.

A module that is imported also runs: its statements that are no definitions count for every job that imports it, and so
do those of all modules that it imports.

These are left out because all that they decide is in the plan's files by value, or because they only speak: this
folder, `pipeline/layout.py`, the command line (`__main__.py`, `shell.py`, `clock.py`, `failures.py`) and each
`settings.py`.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline import artifacts
from pipeline.config.syntax import AT_IMPORT, LENGTH, Definition, Source, read_source, taken

PACKAGE = Path(__file__).parent.parent
SAYS_WHAT_IS_RUN = re.compile(r"pipeline/((__main__|shell|clock|failures|layout)\.py|config/.*|(.*/)?settings\.py)")
CACHE_FORMAT = 3

Node = tuple[str, str]  # a file, relative to the package's parent, and the name of a definition in it


class Code:
    """The code of the package that is running. `cache` remembers sources by their content, and is only a speed-up."""

    def __init__(self, package: Path = PACKAGE, cache: Path | None = None) -> None:
        self.package = package
        self._cache_file = cache
        self._known: dict[str, Source] = _read_cache(cache)
        self._sources: dict[str, Source] = {}  # by file
        self._next: dict[Node, set[Node]] = {}
        self._digests: dict[tuple[str, ...], dict[str, str]] = {}
        self._learned = False

    def digests(self, starts: Iterable[str]) -> dict[str, str]:
        """`{file: digest}` of all that these reach: `package.module:name`, or `package.module` for all that is in it.

        A file's digest is of the definitions in it that are reached. Data files that they name are among the files.
        Raises ModuleNotFoundError or AttributeError for a start that does not exist.
        """
        key = tuple(starts)
        if key not in self._digests:
            self._digests[key] = self._digest(self.reached(key))
        return self._digests[key]

    def reached(self, starts: Iterable[str]) -> set[Node]:
        """The definitions that these reach, each as (file, name); the empty name is what runs at import."""
        found: set[Node] = set()
        waiting = [*self._with_settings, *(node for start in starts for node in self._start(start))]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting += self._after(node)
        return found

    def changed(self, starts: Iterable[str], file: str, before: str) -> list[str]:
        """Which of the definitions that these reach in a file have changed since the file's digest was `before`.

        Empty unless the cache has the source of that time with the same definitions.
        """
        names = sorted(name for reached, name in self.reached(starts) if reached == file)
        for key, old in self._known.items():
            if key.startswith(f"{file} ") and old.definitions.keys() >= set(names) and _digest_of(old, names) == before:
                now = self._source(file).definitions
                return [name or "import" for name in names if old.definitions[name] != now[name]]
        return []

    def save(self) -> None:
        """Remember the sources that were read anew."""
        if self._cache_file is not None and self._learned:
            known = {key: asdict(source) for key, source in self._known.items()}
            artifacts.write_json(self._cache_file, {"format": CACHE_FORMAT, "sources": known})

    def _start(self, start: str) -> set[Node]:
        module, _, name = start.partition(":")
        file = self._modules.get(module)
        if file is None:
            raise ModuleNotFoundError(f"{module}: no such module in {self.package}")
        if name and name not in self._source(file).definitions:
            raise AttributeError(f"{start}: {file} defines no such name")
        return self._meant(f"{module}:{name}")

    def _digest(self, reached: set[Node]) -> dict[str, str]:
        of_file: dict[str, list[str]] = defaultdict(list)
        data: dict[str, str] = {}
        for file, name in sorted(reached):
            of_file[file].append(name)
            named = self._data_files(self._source(file).definitions[name])
            data |= {path: self._data_digest(path) for path in named}
        code = {file: _digest_of(self._source(file), names) for file, names in of_file.items()}
        return dict(sorted((code | data).items()))

    def _after(self, node: Node) -> set[Node]:
        """The definitions that one uses, and what runs where it imports something."""
        if node not in self._next:
            definition = self._source(node[0]).definitions[node[1]]
            found = {other for name in definition.mentions for other in self._meant(name)}
            found |= {other for name in definition.imports for other in self._imported(name)}
            self._next[node] = found
        return self._next[node]

    def _imported(self, name: str) -> Iterator[Node]:
        """What runs when a dotted name is imported: its module and the packages around it."""
        parts = name.split(".")
        places = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
        files = (self._modules.get(place) for place in places)
        return ((file, AT_IMPORT) for file in files if file and not SAYS_WHAT_IS_RUN.fullmatch(file))

    def _meant(self, name: str) -> set[Node]:
        """The definitions that `module:name.attribute` may stand for; an unknown name stands for the whole module."""
        found: set[Node] = set()
        waiting, seen = [name], set[str]()
        while waiting:
            name = waiting.pop()
            module, _, attributes = name.partition(":")
            file, (first, _, rest) = self._modules.get(module), attributes.partition(".")
            if name in seen or module not in self._modules or SAYS_WHAT_IS_RUN.fullmatch(file or ""):
                continue
            seen.add(name)
            found.update(self._imported(module))
            inner = f"{module}.{first}"
            if file is None:  # a folder without __init__.py has nothing but its modules
                inside = [other for other in self._modules if other.rpartition(".")[0] == module]
                waiting += [f"{inner}:{rest}"] if inner in self._modules else [f"{other}:" for other in inside]
                continue
            source = self._source(file)
            if first and first in source.definitions:
                found.add((file, first))
            waiting += [taken(target, rest) for target in source.imported.get(first, ())]
            if inner in self._modules:  # a package's module
                waiting.append(f"{inner}:{rest}")
            elif not first or (first not in source.definitions and first not in source.imported):
                found |= {(file, known) for known in source.definitions}
                waiting += [target for targets in source.imported.values() for target in targets]
        return found

    @cached_property
    def _all_files(self) -> dict[str, Path]:
        files = (path for path in self.package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {path.relative_to(self.package.parent).as_posix(): path for path in files}

    @cached_property
    def _modules(self) -> dict[str, str | None]:
        """The file of each module by its dotted name; None for a package without `__init__.py`."""
        files = [path for path in self._all_files if path.endswith(".py")]
        folders = {parent.as_posix() for path in files for parent in Path(path).parents}
        found: dict[str, str | None] = {folder.replace("/", "."): None for folder in folders - {"."}}
        return found | {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in files}

    @cached_property
    def _with_settings(self) -> list[Node]:
        """What runs in every job, because it reads its settings: the packages around each `settings.py`."""
        settings = (module for module, file in self._modules.items() if file and file.endswith("/settings.py"))
        return [node for module in settings for node in self._imported(module)]

    @cached_property
    def _data_names(self) -> dict[str, list[str]]:
        """Files that are not Python, by their name without folders."""
        found: dict[str, list[str]] = {}
        for path in self._all_files:
            if not path.endswith((".py", ".pyc", ".smk")) and not SAYS_WHAT_IS_RUN.fullmatch(path):
                found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    def _data_files(self, definition: Definition) -> Iterator[str]:
        for pattern in definition.files:
            for name in fnmatch.filter(self._data_names, pattern):
                yield from self._data_names[name]

    def _data_digest(self, path: str) -> str:
        return artifacts.digest(self._all_files[path])[:LENGTH]

    def _source(self, file: str) -> Source:
        if file not in self._sources:
            content = self._all_files[file].read_bytes()
            key = f"{file} {hashlib.sha256(content).hexdigest()}"
            if key not in self._known:
                self._known[key] = read_source(content, file)
                self._learned = True
            self._sources[file] = self._known[key]
        return self._sources[file]


def _digest_of(source: Source, names: list[str]) -> str:
    lines = [f"{name} {source.definitions[name].digest}" for name in names]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:LENGTH]


def _read_cache(path: Path | None) -> dict[str, Source]:
    if path is None or not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != CACHE_FORMAT:
            return {}
        return {key: _as_source(one) for key, one in content["sources"].items()}
    except (OSError, ValueError, KeyError, TypeError):  # a damaged cache is no cache
        return {}


def _as_source(content: dict[str, Any]) -> Source:
    definitions = {
        name: Definition(one["digest"], *(tuple(one[part]) for part in ("mentions", "imports", "files")))
        for name, one in content["definitions"].items()
    }
    return Source(definitions, {name: tuple(targets) for name, targets in content["imported"].items()})
