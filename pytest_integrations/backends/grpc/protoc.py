"""`.proto` files, compiled at run time to a descriptor set."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["compiled"]

_OF_TEXT = re.compile(r"[;{\n]")
"""What there is in every text, and in no path that anybody has."""
_PLACE = re.compile(r"(?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+): (?P<what>.*)")

_kept: dict[tuple[Path, tuple[Path, ...]], tuple[dict[Path, bytes], bytes]] = {}
"""What was compiled so far: for a file and its roots, the digests of all files in it, and the descriptor set."""
_texts: dict[tuple[str, ...], bytes] = {}
"""The descriptor sets of the texts so far."""


def compiled(proto: str | os.PathLike[str], paths: Iterable[str | os.PathLike[str]] = ()) -> bytes:
    """Return the serialised `FileDescriptorSet` of the file *proto* and all that it imports.

    *proto* is its path, or the text itself. Imports are looked for in *paths* and beside the file. What does not
    compile is a `ScriptingError` with the compiler's words, and the file, line and column of each. The result is kept
    until one of the files changes.
    """
    __tracebackhide__ = True
    if isinstance(proto, str) and _OF_TEXT.search(proto):
        return _compiled_text(proto, paths)
    file = Path(proto).resolve()
    if not file.is_file():
        msg = f"there is no file {os.fspath(proto)!r} (looked for {file}): load() takes the path of a .proto file"
        raise ScriptingError(msg)
    roots = _roots(file, paths)
    known = _kept.get((file, roots))
    if known is not None and known[0] == {each: _digest(each) for each in known[0]}:
        return known[1]
    descriptors = _compile(file, roots)
    _kept[file, roots] = ({each: _digest(each) for each in _sources(descriptors, roots)}, descriptors)
    return descriptors


def _compiled_text(text: str, paths: Iterable[str | os.PathLike[str]]) -> bytes:
    """Compile a text, as a file that is called after what is in it: two texts do not meet."""
    __tracebackhide__ = True
    paths = (paths,) if isinstance(paths, str | os.PathLike) else tuple(paths)
    key = (text, *(str(path) for path in paths))
    if key not in _texts:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"text_{blake2b(text.encode(), digest_size=6).hexdigest()}.proto"
            file.write_text(text, encoding="utf-8")
            _texts[key] = _compile(file.resolve(), _roots(file.resolve(), (*paths, folder)))
    return _texts[key]


def _roots(file: Path, paths: Iterable[str | os.PathLike[str]]) -> tuple[Path, ...]:
    """Return where imports are looked for; a file has to be inside one of the roots, by which it is called."""
    __tracebackhide__ = True
    if isinstance(paths, str | os.PathLike):
        paths = (paths,)
    roots = tuple(Path(path).resolve() for path in paths)
    for root in roots:
        if not root.is_dir():
            msg = f"paths: {root} is not a directory: give the directories that imports are looked for in"
            raise ScriptingError(msg)
    return roots if any(file.is_relative_to(root) for root in roots) else (*roots, file.parent)


def _digest(file: Path) -> bytes:
    return blake2b(file.read_bytes()).digest() if file.is_file() else b""


def _sources(descriptors: bytes, roots: Sequence[Path]) -> list[Path]:
    """Return the files that went into a descriptor set, those apart that come with the compiler."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    names = [file.name for file in FileDescriptorSet.FromString(descriptors).file]
    found = (next((root / name for root in roots if (root / name).is_file()), None) for name in names)
    return [file for file in found if file is not None]


def _compile(file: Path, roots: Sequence[Path]) -> bytes:
    __tracebackhide__ = True
    try:
        import grpc_tools  # type: ignore[import-untyped]  # it has no types
        from grpc_tools import protoc
    except ImportError:
        msg = (
            f"compiling {file.name} takes the package grpcio-tools: pip install 'pytest-integrations[proto]', "
            "or give generated code to add(orders_pb2), or a descriptor set made by protoc --include_imports"
        )
        raise ScriptingError(msg) from None
    bundled = Path(grpc_tools.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "set.binpb"
        arguments = ["protoc", *(f"-I{root}" for root in roots), f"-I{bundled}", "--include_imports"]
        status, told = _told_by(protoc.main, [*arguments, f"--descriptor_set_out={target}", str(file)])
        if status:
            raise ScriptingError(_explained(file, told))
        return target.read_bytes()


def _told_by(compiler: object, arguments: list[str]) -> tuple[int, str]:
    """Run the *compiler* and return its status and what it wrote to file descriptor 2, as it does from C."""
    with tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        real = os.dup(2)
        try:
            os.dup2(file.fileno(), 2)
            status = compiler(arguments)  # type: ignore[operator]  # grpc_tools has no types
        finally:
            os.dup2(real, 2)
            os.close(real)
        file.seek(0)
        return int(status), file.read().decode("utf-8", "replace")


def _explained(file: Path, told: str) -> str:
    lines = [f"{file.name} does not compile:"]
    for line in filter(None, map(str.strip, told.splitlines())):
        place = _PLACE.fullmatch(line)
        lines.append(f"  {place['file']}:{place['line']}:{place['column']}: {place['what']}" if place else f"  {line}")
    if "was not found" in told:
        lines.append("  (imports are looked for beside the file and in paths=[...])")
    return "\n".join(lines)
