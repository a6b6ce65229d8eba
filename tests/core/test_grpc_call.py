"""What a call of gRPC says of itself, and whose fault its status is."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_integrations.core.call import Connection
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.grpc_call import GrpcCall, GrpcMethod
from pytest_integrations.core.grpc_details import retry_info, rich_status
from pytest_integrations.core.grpc_status import CODES, FAILURES, check_failure, code_name, code_number


def _call(code: str = "", outcome: Any = "answered", **more: Any) -> GrpcCall:
    call = GrpcCall("fake", Connection(1, "fake", 0.0), b"", "/shop.Orders/Get")
    call.code, call.outcome = code, outcome
    for name, value in more.items():
        setattr(call, name, value)
    return call


@pytest.mark.parametrize("code", CODES)
def test_whose_fault_a_code_is(code: str) -> None:
    call = _call(code)
    assert (call.failed, call.denied) == (code in FAILURES, code not in {"OK", "CANCELLED"})
    assert call.verdict == code


@pytest.mark.parametrize(
    ("call", "verdict", "failed", "denied"),
    [
        (_call("OK", spoiled=True), "OK spoiled", True, False),
        (_call("99"), "99", True, True),
        (_call(status=503), "503", True, True),
        (_call(status=200), "200", True, True),
        (_call(spoiled=True), "no status", True, False),
        (_call(outcome="reset", reset="REFUSED_STREAM"), "reset REFUSED_STREAM", True, False),
        (_call(outcome="reset"), "reset", True, False),
        (_call(outcome="closed", untouched=True), "goaway", True, False),
        (_call(outcome="closed"), "closed", True, False),
        (_call(outcome="hung"), "hung", True, False),
        (_call(outcome="hung", cancelled=True), "cancelled", True, False),
        (_call(outcome="open"), "open", False, False),
    ],
    ids=lambda value: repr(value) if isinstance(value, str) else None,
)
def test_verdicts(call: GrpcCall, verdict: str, failed: bool, denied: bool) -> None:  # noqa: FBT001 -- a table
    assert (call.verdict, call.failed, call.denied) == (verdict, failed, denied)


def test_metadata_is_looked_up_in_any_case() -> None:
    call = _call(metadata=(("x-a", "1"), ("x-b-bin", b"\xff"), ("grpc-previous-rpc-attempts", "2")))
    assert (call.headers["X-A"], call.headers["x-b-bin"], call.previous_attempts) == ("1", "\xff", 2)
    assert _call(metadata=(("grpc-previous-rpc-attempts", "many"),)).previous_attempts == 0


def test_messages_are_decoded_when_somebody_looks() -> None:
    method = GrpcMethod("/shop.Orders/Get", "bidi", bytes.decode, int, repeatable=True)
    call = _call(method=method, raw_requests=[b"a", b"\xff"], raw_replies=[b"7", b"x"])
    assert call.requests == ("a", b"\xff")
    assert (call.request, call.replies) == ("a", (7, b"x"))
    assert (call.kind, call.repeatable) == ("bidi", True)
    assert (method.streams_requests, method.streams_replies) == (True, True)
    unknown = _call(raw_requests=[b"a"])
    assert (unknown.kind, unknown.request, unknown.repeatable, _call().request) == ("request", b"a", False, None)


def test_deadlines_are_of_the_ledger() -> None:
    call = _call(started=1.5, timeout=0.25)
    assert (call.deadline, _call().deadline) == (1.75, None)


def test_what_infrastructure_asks_is_spared() -> None:
    paths = ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/a/B"]
    assert [_call(operation=path).is_spared for path in paths] == [True, True, False]


# -- codes and details


@pytest.mark.parametrize("value", ["NOT_FOUND", "not_found", 5])
def test_a_code_in_each_form(value: Any) -> None:
    assert code_number(value) == 5


def test_a_code_of_grpcio() -> None:
    grpc = pytest.importorskip("grpc")
    assert [code_number(code) for code in grpc.StatusCode] == [code.value[0] for code in grpc.StatusCode]
    assert [code_name(code.value[0]) for code in grpc.StatusCode] == [code.name for code in grpc.StatusCode]


@pytest.mark.parametrize("value", ["NOTFOUND", 17, -1, True, None, 5.0])
def test_what_is_no_code(value: Any) -> None:
    with pytest.raises(ScriptingError, match=r"is not a status code of gRPC.*Valid: OK, CANCELLED, .* numbers 0 to 16"):
        code_number(value)
    with pytest.raises(ScriptingError, match=r"code=0 is no failure"):
        check_failure(0, "")


@pytest.mark.parametrize(("seconds", "whole", "nanos"), [(0, 0, 0), (1.5, 1, 500_000_000), (0.1, 0, 100_000_000)])
def test_details_are_what_protobuf_makes_of_them(seconds: float, whole: int, nanos: int) -> None:
    pb2 = pytest.importorskip("google.rpc.error_details_pb2")
    status_pb2 = pytest.importorskip("google.rpc.status_pb2")
    info = pb2.RetryInfo()
    info.retry_delay.seconds, info.retry_delay.nanos = whole, nanos
    assert pb2.RetryInfo.FromString(retry_info(seconds)[1]) == info
    wanted = status_pb2.Status(code=14, message="again")
    wanted.details.add().Pack(info)
    assert status_pb2.Status.FromString(rich_status(14, "again", (info,))) == wanted
    assert rich_status(14, "again", (wanted.details[0],)) == rich_status(14, "again", (info,))
