"""Programs of other people that ask a server by its schema, or as hard as they can: `buf curl`, h2load."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from tests.backends.grpc.orders import PROTO
from tests.npm.packages import install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(60)]


@pytest.fixture
def shop(no_leaks: None) -> Iterator[FakeGrpc]:
    with FakeGrpc("shop") as fake:
        fake.load(PROTO)
        orders = fake.service("shop.v1.Orders")
        orders.Get.reply(lambda request: {"id": request.id, "qty": 2})
        orders.List.reply_stream([{"id": "a"}, {"id": "b"}])
        orders.Upload.reply(lambda requests: {"count": len(requests)})
        orders.Chat.reply(lambda note: {"text": note.text.upper()})
        orders.Create.fail("NOT_FOUND", "no such shop")
        yield fake


# -- buf curl, which knows no schema but by reflection


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install buf once."""
    directory = install(tmp_path_factory.mktemp("npm"), bufbuild__buf="^1.60.0")
    done = subprocess.run([directory / "node_modules" / ".bin" / "buf", "--version"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("buf has no build for this machine")
    return directory


@pytest.fixture(params=["grpc-v1", "grpc-v1alpha"])
def curl(request: pytest.FixtureRequest, directory: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `buf curl` by one of the versions of reflection."""
    buf = str(directory / "node_modules" / ".bin" / "buf")
    usual = [buf, "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--reflect-protocol", request.param]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*usual, *arguments], capture_output=True, text=True, timeout=30, check=False)

    return run


@pytest.mark.parametrize(
    ("method", "data", "answers"),
    [
        ("Get", '{"id": "o1"}', [{"id": "o1", "qty": 2}]),
        ("List", "{}", [{"id": "a"}, {"id": "b"}]),
        ("Upload", '{"id": "a"} {"id": "b"}', [{"count": 2}]),
        ("Chat", '{"text": "a"} {"text": "b"}', [{"text": "A"}, {"text": "B"}]),
    ],
)
def test_buf_calls_each_kind(
    shop: FakeGrpc,
    curl: Callable[..., subprocess.CompletedProcess[str]],
    method: str,
    data: str,
    answers: list[dict[str, object]],
) -> None:
    done = curl("-d", data, f"{shop.url}/shop.v1.Orders/{method}")
    assert done.returncode == 0, done.stderr
    assert json.loads("[" + done.stdout.replace("}\n{", "}, {") + "]") == answers
    asked, called = shop.calls
    assert asked.is_spared
    assert (called.operation, called.verdict) == (f"/shop.v1.Orders/{method}", "OK")


def test_buf_tells_the_status(shop: FakeGrpc, curl: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = curl("-d", "{}", f"{shop.url}/shop.v1.Orders/Create")
    assert json.loads(done.stderr) == {"code": "not_found", "message": "no such shop"}


def test_buf_finds_all_methods(shop: FakeGrpc, curl: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Those of health and of reflection itself, too."""
    methods = curl("--list-methods", shop.url).stdout.split()
    assert {"shop.v1.Orders/Chat", "shop.v1.Audit/Get", "grpc.health.v1.Health/Watch"} <= set(methods)
    assert {f"grpc.reflection.{each}.ServerReflection/ServerReflectionInfo" for each in ("v1", "v1alpha")} <= {*methods}
    assert curl("-d", "{}", f"{shop.url}/grpc.health.v1.Health/Check").stdout.split() == [
        "{",
        '"status":',
        '"SERVING"',
        "}",
    ]


# -- h2load


@pytest.mark.parametrize(("connections", "streams"), [(1, 1), (4, 20), (2, 100)])
def test_h2load_gets_all_of_its_answers(shop: FakeGrpc, tmp_path: Path, connections: int, streams: int) -> None:
    """3000 calls of gRPC, 3000 answers."""
    if shutil.which("h2load") is None:
        pytest.skip("h2load is not installed: Debian has it as nghttp2-client")
    message = shop.service("shop.v1.Orders").Get.schema.request(id="o1").SerializeToString()
    (tmp_path / "request").write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    fields = ("-H", "content-type: application/grpc", "-H", "te: trailers")
    size = ("-n", "3000", "-c", str(connections), "-m", str(streams))
    command = ["h2load", *size, "-d", str(tmp_path / "request"), *fields, f"{shop.url}/shop.v1.Orders/Get"]
    done = subprocess.run(command, capture_output=True, timeout=50, check=True, text=True)
    assert "3000 done, 3000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout
    assert len(shop.calls) == 3000
    assert {call.verdict for call in shop.calls} == {"OK"}
    assert len(shop.connections) == connections
