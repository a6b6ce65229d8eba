"""Generated code, and servicers written against it as an application writes them."""

from __future__ import annotations

import sys
from functools import cache
from importlib import util
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_PROTO = Path(__file__).with_name("hosted.proto")


@cache
def generated() -> tuple[Any, Any]:
    """Return the modules `hosted_pb2` and `hosted_pb2_grpc`, as the compiler writes them."""
    from grpc_tools import protoc

    with TemporaryDirectory() as folder:
        where = (f"-I{_PROTO.parent}", f"--python_out={folder}", f"--grpc_python_out={folder}")
        assert protoc.main(["protoc", *where, str(_PROTO)]) == 0
        return _imported(folder, "hosted_pb2"), _imported(folder, "hosted_pb2_grpc")


def _imported(folder: str, name: str) -> Any:
    spec = util.spec_from_file_location(name, Path(folder, f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
