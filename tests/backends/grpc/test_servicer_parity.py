"""What careless servicers do ends by `grpc_servicer` as it ends on grpcio's own server."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from pytest_integrations.backends.grpc.fake import FakeGrpc
from pytest_integrations.backends.grpc.servicer.servicer import GrpcServicer
from tests.backends.grpc.hosting import generated, hosted
from tests.backends.grpc.orders import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Order = generated()[0].Order
Base: Any = generated()[1].OrdersServicer


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Servers tell of what their servicers raise."""
    caplog.set_level(logging.CRITICAL, "grpc._server")


def _ends(servicer: Any, method: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return code, text and replies of a call, as a client of a real server has them, and by `GrpcServicer`."""
    with FakeGrpc("hosted") as fake:
        hosted(fake, servicer)
        with grpc.insecure_channel(fake.target, options=OPTIONS) as channel:
            real: Any = getattr(generated()[1].OrdersStub(channel), method)
            there = real(Order(id="o1"), timeout=5) if method == "List" else real.future(Order(id="o1"), timeout=5)
            got = list(_until_the_end(there)) if method == "List" else []
            seen = (there.code(), there.details(), [each.id for each in got])
    with GrpcServicer(servicer) as orders:
        call = getattr(orders, method)(Order(id="o1"))
        replies = call.responses if method == "List" else []
        return seen, (call.code, call.details, [each.id for each in replies])


def _until_the_end(replies: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from replies
    except grpc.RpcError:
        return


def _generated(*replies: Any, error: Exception | None = None) -> Iterator[Any]:
    yield from replies
    if error is not None:
        raise error


_IS_OURS = tuple(map(int, grpc.__version__.split(".")[:2])) >= (1, 85)
"""Whether grpcio is as new as the rules: one of 1.66 never answers where metadata is wrong, and has a text with OK."""

A, B = Order(id="a"), Order(id="b")
STREAMS: dict[str, tuple[Callable[[], Any], str, int]] = {
    "a list": (lambda: [A, B], "UNKNOWN", 0),
    "nothing": (lambda: None, "UNKNOWN", 0),
    "a message": (lambda: A, "UNKNOWN", 0),
    "an iterator": (lambda: iter([A, B]), "OK", 2),
    "None between": (lambda: _generated(A, None, B), "OK", 1),
    "an error at once": (lambda: _generated(error=LookupError("o1")), "UNKNOWN", 0),
    "an error later": (lambda: _generated(A, error=LookupError("o1")), "UNKNOWN", 1),
}


@pytest.mark.parametrize("what", STREAMS)
def test_what_a_method_that_streams_returns(what: str) -> None:
    returned, code, count = STREAMS[what]

    class Orders(Base):  # type: ignore[misc]
        def List(self, _request: Any, _context: Any) -> Any:  # noqa: N802 -- the name of the method
            return returned()

    real, ours = _ends(Orders(), "List")
    assert ours == real
    assert (ours[0].name, len(ours[2])) == (code, count)


def _aborts_again(context: Any) -> None:
    try:
        context.abort(grpc.StatusCode.NOT_FOUND, "no such order")
    except Exception as error:  # noqa: BLE001 -- as applications write it, around all that they do
        context.abort(grpc.StatusCode.INTERNAL, f"failed: {error}")


def _raises_though_ok(context: Any) -> None:
    context.set_code(grpc.StatusCode.OK)
    raise LookupError


def _takes_back(context: Any) -> None:
    context.set_code(grpc.StatusCode.NOT_FOUND)
    context.set_code(None)


ENDS: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "a number": (lambda context: context.set_code(5), "UNKNOWN", ""),
    "zero": (lambda context: context.set_code(0), "UNKNOWN", ""),
    "a name": (lambda context: context.set_code("NOT_FOUND"), "UNKNOWN", ""),
    "abort with a number": (lambda context: context.abort(5, "no"), "UNKNOWN", "no"),
    "abort with OK": (lambda context: context.abort(grpc.StatusCode.OK, "fine"), "UNKNOWN", ""),
    "abort with bytes": (lambda context: context.abort(grpc.StatusCode.ABORTED, b"no"), "ABORTED", "no"),
    "abort in an abort": (_aborts_again, "INTERNAL", "failed: "),
    "an error after OK": (_raises_though_ok, "OK", ""),
    "a code that is taken back": (_takes_back, "OK", ""),
    "an upper-case key": (
        lambda context: context.set_trailing_metadata([("Cost", "7")]),
        "INTERNAL",
        "Invalid metadata",
    ),
    "a value not in ASCII": (
        lambda context: context.set_trailing_metadata([("name", "Zoë")]),
        "INTERNAL",
        "Invalid metadata",
    ),
    "an early key in upper case": (
        lambda context: context.send_initial_metadata([("Cost", "7")]),
        "INTERNAL",
        "Invalid metadata",
    ),
    "a value of bytes": (lambda context: context.set_trailing_metadata([("name", b"Zoe")]), "OK", ""),
    "a text and no code": (lambda context: context.set_details("fine"), "OK", ""),
}


@pytest.mark.parametrize("what", ENDS)
def test_what_a_context_is_told(what: str) -> None:
    tell, code, text = ENDS[what]

    class Orders(Base):  # type: ignore[misc]
        def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the name of the method
            tell(context)
            return request

    real, ours = _ends(Orders(), "Get")
    assert (ours[0].name, ours[1]) == (code, text)
    if _IS_OURS:
        assert ours == real


def test_abort_without_a_text() -> None:
    class Orders(Base):  # type: ignore[misc]
        def Get(self, _request: Any, context: Any) -> Any:  # noqa: N802 -- as above
            context.abort(grpc.StatusCode.NOT_FOUND)

    real, ours = _ends(Orders(), "Get")
    assert ours[0] is real[0] is grpc.StatusCode.UNKNOWN
    assert "missing 1 required positional argument: 'details'" in ours[1]


def test_metadata_of_the_wrong_type() -> None:
    """grpcio's server raises the same within itself, and never answers."""

    class Orders(Base):  # type: ignore[misc]
        def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- as above
            context.set_trailing_metadata([("cost", 7)])
            return request

    with GrpcServicer(Orders()) as orders:
        call = orders.Get({"id": "o1"})
        assert call.code is grpc.StatusCode.UNKNOWN
        assert call.details == "Exception calling application: Expected str, not <class 'int'>"


def test_how_much_is_left_without_a_deadline() -> None:
    """It is a number: one that is handed on as a timeout ends the next call at once, and no test should hide that."""
    left = []

    class Orders(Base):  # type: ignore[misc]
        def Get(self, request: Any, context: Any) -> Any:  # noqa: N802 -- as above
            left.append(context.time_remaining())
            return request

    with FakeGrpc("hosted") as fake:
        hosted(fake, Orders())
        with grpc.insecure_channel(fake.target, options=OPTIONS) as channel:
            generated()[1].OrdersStub(channel).Get(Order(id="o1"))
    with GrpcServicer(Orders()) as orders:
        assert orders.Get({"id": "o1"}).response.id == "o1"
    assert left[0] == pytest.approx(left[1])
