"""gRPC's interoperability cases, played by the client that gRPC itself plays them with, of Debian's ruby-grpc.

The cases are those of gRPC's doc/interop-test-descriptions.md. Its client in Ruby has most of them, `more_cases.rb` the
others. `cacheable_unary` is played by nobody: the GET requests that it is about are in no client of today.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations import UnexpectedCall
from pytest_integrations.backends.grpc.fake import FakeGrpc
from tests.wire.http2.client import Http2Client

from .service import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_integrations.backends.grpc.services import Service

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(60)]

HERE = Path(__file__).with_name("ruby")
INITIAL, TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
_WELL = {
    "empty_unary": ["OK"],
    "large_unary": ["OK"],
    "client_streaming": ["OK"],
    "server_streaming": ["OK"],
    "ping_pong": ["OK"],
    "empty_stream": ["OK"],
    "client_compressed_unary": ["INVALID_ARGUMENT", "OK", "OK"],  # the first asks whether the server looks at all
    "client_compressed_streaming": ["INVALID_ARGUMENT", "OK"],
    "status_code_and_message": ["UNKNOWN", "UNKNOWN"],
    "cancel_after_begin": [],  # it never left the client
    "cancel_after_first_response": ["cancelled"],
    "timeout_on_sleeping_server": ["cancelled"],
}
_MORE = {
    "special_status_message": ["UNKNOWN"],
    "server_compressed_unary": ["OK", "OK"],
    "server_compressed_streaming": ["OK"],
    "concurrent_large_unary": ["OK"] * 10,
}


@pytest.fixture(scope="module")
def gem() -> Path:
    """Where ruby-grpc is."""
    if shutil.which("ruby") is None:
        pytest.skip("ruby is not installed")
    ask = ["ruby", "-e", "require 'rubygems'; puts Gem::Specification.find_by_name('grpc').full_gem_path"]
    done = subprocess.run(ask, capture_output=True, text=True, check=False, timeout=30)
    directory = Path(done.stdout.strip() or ".") / "src" / "ruby"
    if done.returncode or not (directory / "pb" / "test" / "client.rb").exists():
        pytest.skip("the gem grpc with its interop client is not installed: Debian has it as ruby-grpc")
    return directory


@pytest.fixture
def fake(no_leaks: None) -> Iterator[FakeGrpc]:
    with FakeGrpc("interop", compression="gzip") as fake:
        yield fake


@pytest.fixture
def service(fake: FakeGrpc) -> Service:
    return serve(fake)


@pytest.fixture
def play(fake: FakeGrpc, service: Service, gem: Path) -> Callable[[str], list[str]]:
    """Play one case, which must pass, and return how its calls ended."""

    def run(case: str) -> list[str]:
        theirs = [str(gem / "pb" / "test" / "client.rb"), "--server_host", "127.0.0.1", "--server_port", str(fake.port)]
        ours = [str(HERE / "more_cases.rb"), str(gem), str(fake.port), case]
        command = ["ruby", "-I", str(HERE), *(ours if case in _MORE else [*theirs, "--test_case", case])]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=40)
        assert done.returncode == 0, done.stdout + done.stderr
        fake.ledger.settle()
        return [call.verdict for call in fake.calls]

    return run


@pytest.mark.parametrize("case", [*_WELL, *_MORE])
def test_case(play: Callable[[str], list[str]], case: str) -> None:
    assert play(case) == {**_WELL, **_MORE}[case]


def test_custom_metadata(play: Callable[[str], list[str]], fake: FakeGrpc, service: Service) -> None:
    """Both ways, text and bytes."""
    for method in (service.UnaryCall, service.FullDuplexCall):
        method.metadata({INITIAL: "test_initial_metadata_value"}, trailing={TRAILING: b"\x0a\x0b\x0a\x0b\x0a\x0b"})
    assert play("custom_metadata") == ["OK", "OK"]
    for call in fake.calls:
        metadata: dict[str, Any] = dict(call.metadata)  # type: ignore[attr-defined]
        assert metadata[INITIAL] == "test_initial_metadata_value"
        assert metadata[TRAILING] == b"\x0a\x0b\x0a\x0b\x0a\x0b"


@pytest.mark.parametrize("case", ["unimplemented_method", "unimplemented_service"])
def test_what_is_not_implemented(play: Callable[[str], list[str]], fake: FakeGrpc, case: str) -> None:
    """Its client is told so, and the test as well: nobody has said what that answers."""
    assert play(case) == ["UNIMPLEMENTED"]
    with pytest.raises(UnexpectedCall, match="UnimplementedCall"):
        fake.verify()


# -- what no client tells: which of the messages were compressed


def test_which_replies_are_compressed(fake: FakeGrpc, service: Service) -> None:
    """The flags of server_compressed_streaming, for which Ruby has no API, and most clients have none."""
    asked: Any = service.StreamingOutputCall.schema.request(
        response_parameters=[
            {"size": 31_415, "compressed": {"value": True}},
            {"size": 92_653, "compressed": {"value": False}},
        ]
    )
    message = asked.SerializeToString()
    fields = (("content-type", "application/grpc"), ("te", "trailers"), ("grpc-accept-encoding", "gzip"))
    with Http2Client(fake.port) as client:
        body = b"\0" + len(message).to_bytes(4, "big") + message
        stream = client.ask(service.StreamingOutputCall.schema.path, "POST", body, *fields)
        answer = client.answer(stream)
    first = int.from_bytes(answer.body[1:5], "big")
    second = int.from_bytes(answer.body[first + 6 : first + 10], "big")
    assert (answer.body[0], answer.body[first + 5]) == (1, 0)
    assert first < 1000
    assert second > 92_653
    assert answer.header("grpc-encoding") == "gzip"
    assert len(answer.body) == first + second + 10
