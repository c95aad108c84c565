"""The code that makes a result, found by following imports, and a digest of each of its modules.

A digest is of a module's syntax tree without what makes no number: comments, formatting, docstrings, type-checking
imports, what an error says and what is printed. So an edit to one of those runs nothing again, and an edit to a layer
changes the digest of every result that the layer is used for.

These are left out, because they only say what is run and where files are, and all that they decide is in the plan's
files by value: this folder, `pipeline/__main__.py`, `pipeline/layout.py`, and each `settings.py`.
"""

from __future__ import annotations

import ast
import fnmatch
import hashlib
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from pipeline import artifacts

PACKAGE = Path(__file__).parent.parent
SAYS_WHAT_IS_RUN = re.compile(r"pipeline/(__main__\.py|layout\.py|config/.*|(.*/)?settings\.py)")
PRINTING = ("print", "warn", "warning", "write")  # of `print`, `warnings.warn`, `tqdm.write`
CACHE_FORMAT = 1
LENGTH = 16  # hexadecimal digits of a digest


@dataclass(frozen=True)
class Module:
    """What is known of one source file: its digest, what it imports, and which data files its strings may name."""

    digest: str
    imports: tuple[str, ...]  # dotted names; the last part may be a name inside the module
    names: tuple[str, ...]  # file names, with * where an f-string fills something in


class Code:
    """The modules of the package that is running. `cache` remembers them by their content, and is only a speed-up."""

    def __init__(self, package: Path = PACKAGE, cache: Path | None = None) -> None:
        self.package = package
        self._cache_file = cache
        self._known: dict[str, Module] = _read_cache(cache)
        self._modules: dict[str, Module] = {}  # by path relative to the package's parent
        self._learned = False

    def digests(self, modules: Iterable[str]) -> dict[str, str]:
        """`{file: digest}` of all modules that these dotted names reach, and of the data files that they read."""
        found: dict[str, str] = {}
        waiting = [path for name in modules for path in self._files(name, required=True)]
        while waiting:
            path = waiting.pop()
            if path in found:
                continue
            module = self._module(path)
            found[path] = module.digest
            found |= {name: self._data_digest(name) for name in self._data_files(module)}
            waiting += [file for name in module.imports for file in self._files(name)]
        return dict(sorted(found.items()))

    def save(self) -> None:
        """Remember the modules that were read anew."""
        if self._cache_file is not None and self._learned:
            known = {key: asdict(module) for key, module in self._known.items()}
            artifacts.write_json(self._cache_file, {"format": CACHE_FORMAT, "modules": known})

    def _files(self, name: str, required: bool = False) -> list[str]:
        """The files behind a dotted name: the module's, and the `__init__` of each package around it."""
        parts = name.split(".")
        if parts[0] != self.package.name:
            return []
        found = []
        for end in range(1, len(parts) + 1):
            place = "/".join(parts[:end])
            found += [file for file in (f"{place}.py", f"{place}/__init__.py") if file in self._all_files]
        if required and not (found and found[-1] in (f"{'/'.join(parts)}.py", f"{'/'.join(parts)}/__init__.py")):
            raise ModuleNotFoundError(f"{name}: no such module in {self.package}")
        return [file for file in found if not SAYS_WHAT_IS_RUN.fullmatch(file)]

    @cached_property
    def _all_files(self) -> dict[str, Path]:
        files = (path for path in self.package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {path.relative_to(self.package.parent).as_posix(): path for path in files}

    @cached_property
    def _data_names(self) -> dict[str, list[str]]:
        """Files that are not Python, by their name without folders."""
        found: dict[str, list[str]] = {}
        for path in self._all_files:
            if not path.endswith((".py", ".pyc", ".smk")) and not SAYS_WHAT_IS_RUN.fullmatch(path):
                found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    def _data_files(self, module: Module) -> Iterator[str]:
        for pattern in module.names:
            for name in fnmatch.filter(self._data_names, pattern):
                yield from self._data_names[name]

    def _data_digest(self, path: str) -> str:
        return artifacts.digest(self._all_files[path])[:LENGTH]

    def _module(self, path: str) -> Module:
        if path not in self._modules:
            source = self._all_files[path].read_bytes()
            key = hashlib.sha256(source).hexdigest()
            if key not in self._known:
                self._known[key] = read_module(source, path)
                self._learned = True
            self._modules[path] = self._known[key]
        return self._modules[path]


def _read_cache(path: Path | None) -> dict[str, Module]:
    if path is None or not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != CACHE_FORMAT:
            return {}
        return {
            key: Module(one["digest"], tuple(one["imports"]), tuple(one["names"]))
            for key, one in content["modules"].items()
        }
    except (OSError, ValueError, KeyError, TypeError):  # a damaged cache is no cache
        return {}


def read_module(source: bytes, path: str) -> Module:
    """What a module's syntax tree says. Raises SyntaxError as Python would."""
    tree = ast.parse(source, path)
    words: list[str] = []
    _spell(tree, words)
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()[:LENGTH]
    package = path.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
    if not path.endswith("/__init__.py"):
        package = package.rpartition(".")[0]
    imports: list[str] = []
    names: list[str] = []
    for node in _counting(tree):
        if isinstance(node, ast.Import):
            imports += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            imports += [f"{module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names += _file_name(node.value)
        elif isinstance(node, ast.JoinedStr):
            pieces = (str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
            names += _file_name("".join(pieces))
    return Module(digest, tuple(dict.fromkeys(imports)), tuple(dict.fromkeys(names)))


def _file_name(text: str) -> list[str]:
    """The last part of what looks like the name of a data file. `*.json` could be any: it names none."""
    name = text.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    looks = bool(stem.strip("*")) and suffix.isalnum() and len(suffix) <= 4 and not any(map(str.isspace, name))
    return [name] if looks else []


def _counting(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree that can make a number."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not _only_says(child):
            yield from _counting(child)


def _only_says(node: ast.AST) -> bool:
    """A docstring, something printed, or imports that only a type checker sees."""
    if isinstance(node, ast.Expr):
        value = node.value
        if isinstance(value, ast.Call):
            function = value.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            owner = getattr(function.value, "id", "") if isinstance(function, ast.Attribute) else ""
            return name == "print" or (name in PRINTING and owner in ("warnings", "tqdm", "log", "logger"))
        return isinstance(value, ast.Constant)
    return isinstance(node, ast.If) and not node.orelse and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _spell(node: ast.AST, words: list[str]) -> None:
    """Write a tree as words that are the same in every version of Python: empty fields are not named."""
    words.append(type(node).__name__)
    for field in node._fields:
        value = getattr(node, field, None)
        if value is None or value == [] or field in ("ctx", "kind", "type_comment"):
            continue
        if (isinstance(node, ast.Assert) and field == "msg") or (isinstance(node, ast.Raise) and field == "cause"):
            continue
        if isinstance(node, ast.Raise) and isinstance(value, ast.Call):
            value = value.func  # which error it is counts, what it says does not
        words.append(field)
        if isinstance(value, ast.AST):
            _spell(value, words)
        elif isinstance(value, list):
            words.append("[")
            for item in value:
                if not isinstance(item, ast.AST):
                    words.append(repr(item))
                elif not _only_says(item):
                    _spell(item, words)
            words.append("]")
        else:
            words.append(repr(value))
