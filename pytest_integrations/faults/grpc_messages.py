"""Messages of gRPC that are not what they should be: too short, too many, too large, or not messages at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.grpc_effect import Reframe
from pytest_integrations.core.settings import whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion

__all__ = ["bad_flag", "false_compression", "garbage_message", "oversize", "truncated_message", "two_messages"]

_PREFIX = 5
_MEBIBYTE = 1024 * 1024
_MOST = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, repr=False)
class truncated_message(Fault):  # noqa: N801 -- a word in a script
    """Leave out the last *missing* bytes of a message, and say that all went well.

    Wire definition: the prefix announces the whole length, DATA has *missing* bytes less, then trailers with
    `grpc-status: 0`. The handler runs. *at* is the number of the message, from 1 on. Clients are to call that INTERNAL
    (grpc-go does); grpcio returns None for a unary call, without an error.

    ```python
    import grpc

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    fake_grpc.load(shop).Get.reply(id="o1")
    fake_grpc.inject(truncated_message())
    with grpc.insecure_channel(fake_grpc.target) as channel:
        assert channel.unary_unary("/Orders/Get")(b"", timeout=5) is None
    assert fake_grpc.calls[0].verdict == "OK spoiled"
    ```
    """

    missing: int = 1
    at: int = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("missing", self.missing, 1)
        whole("at", self.at, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the shorter frame; a message that has so few bytes loses some of its prefix as well."""
        yield Reframe(lambda frame: frame[: -self.missing], self.at)


@dataclass(frozen=True, slots=True, repr=False)
class two_messages(Fault):  # noqa: N801 -- a word in a script
    """Send a message twice, on a call that has one.

    Wire definition: the frame of message *at* goes out two times in a row, then all as it was to be. The handler runs
    once. On a unary call clients are to call that INTERNAL; grpcio waits for its deadline, and for ever without one.

    ```python
    import grpc

    shop = 'syntax = "proto3"; message Row { string id = 1; } service Orders { rpc List(Row) returns (stream Row); }'
    fake_grpc.load(shop).List.reply_stream([{"id": "a"}])
    fake_grpc.inject(two_messages())
    with grpc.insecure_channel(fake_grpc.target) as channel:
        assert len(list(channel.unary_stream("/Orders/List")(b"", timeout=5))) == 2
    ```
    """

    at: int = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("at", self.at, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the frame twice."""
        yield Reframe(lambda frame: frame * 2, self.at)


@dataclass(frozen=True, slots=True, repr=False)
class garbage_message(Fault):  # noqa: N801 -- a word in a script
    """Send *data* in the place of a message: well framed, and not protobuf.

    Wire definition: the prefix with the length of *data*, then *data*; all else as it was to be. The handler runs. *at*
    is the number of the message, from 1 on. grpcio says INTERNAL, and logs a traceback; its
    asyncio client only logs that, and takes None for the message.

    ```python
    import grpc

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    fake_grpc.load(shop).Get.reply(id="o1")
    fake_grpc.inject(garbage_message(b"no"))
    with grpc.insecure_channel(fake_grpc.target) as channel:
        assert channel.unary_unary("/Orders/Get")(b"", timeout=5) == b"no"  # as it came: nothing decodes it here
    ```
    """

    data: bytes = b"\xff\xff\xff\xff this is not protobuf"
    at: int = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        if not isinstance(self.data, bytes):
            msg = f"data={self.data!r} is not bytes"
            raise ScriptingError(msg)
        whole("at", self.at, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield another frame."""
        yield Reframe(lambda _frame: bytes(1) + len(self.data).to_bytes(4, "big") + self.data, self.at)


@dataclass(frozen=True, slots=True, repr=False)
class oversize(Fault):  # noqa: N801 -- a word in a script
    """Send a message that is larger than clients take, or only announce one.

    Wire definition: a message of *size* zero bytes in the place of message *at*; with *announced*, the message as it is
    under a prefix that announces *size*. Then trailers. The handler runs. The limit of grpcio and most others is 4 MiB:
    they say RESOURCE_EXHAUSTED, by the prefix alone.

    ```python
    import grpc, pytest

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    fake_grpc.load(shop).Get.reply(id="o1")
    fake_grpc.inject(oversize(announced=True))
    with grpc.insecure_channel(fake_grpc.target) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/Orders/Get")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    ```
    """

    size: int = 5 * _MEBIBYTE
    announced: bool = False
    at: int = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        if whole("size", self.size) > _MOST:
            msg = f"size={self.size} does not fit into the four bytes of a prefix: valid are sizes up to {_MOST}"
            raise ScriptingError(msg)
        whole("at", self.at, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the large frame."""
        prefix = bytes(1) + self.size.to_bytes(4, "big")
        yield Reframe(lambda frame: prefix + (frame[_PREFIX:] if self.announced else bytes(self.size)), self.at)


@dataclass(frozen=True, slots=True, repr=False)
class bad_flag(Fault):  # noqa: N801 -- a word in a script
    """Begin a message with a *flag* that means nothing.

    Wire definition: the first byte of the prefix is *flag*; 0 and 1 are the only ones that are defined. All else as it
    was to be; the handler runs. grpcio returns None for a unary call, without an error.

    ```python
    import grpc

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    fake_grpc.load(shop).Get.reply(id="o1")
    fake_grpc.inject(bad_flag(7))
    with grpc.insecure_channel(fake_grpc.target) as channel:
        assert channel.unary_unary("/Orders/Get")(b"", timeout=5) is None
    ```
    """

    flag: int = 7

    def __post_init__(self) -> None:
        """Check the settings."""
        if not 2 <= whole("flag", self.flag) <= 255:
            msg = f"flag={self.flag} is no bad flag: valid are whole numbers from 2 to 255"
            raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the frame with another flag."""
        yield Reframe(lambda frame: bytes((self.flag,)) + frame[1:])


@dataclass(frozen=True, slots=True, repr=False)
class false_compression(Fault):  # noqa: N801 -- a word in a script
    """Call a message compressed that is not.

    Wire definition: the flag of each message is 1, and the message is as it is; where the answer is not compressed,
    there is no `grpc-encoding` either. All else as it was to be; the handler runs. Clients say INTERNAL.

    ```python
    import grpc, pytest

    shop = 'syntax = "proto3"; message Order { string id = 1; } service Orders { rpc Get(Order) returns (Order); }'
    fake_grpc.load(shop).Get.reply(id="o1")
    fake_grpc.inject(false_compression())
    with grpc.insecure_channel(fake_grpc.target) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/Orders/Get")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    ```
    """

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the frame with the flag."""
        yield Reframe(_flagged)


def _flagged(frame: bytes) -> bytes:
    """Return *frame* with the flag, and, if it had that already, with a content that is nothing."""
    return b"\x01" + (frame[1:] if not frame[0] else frame[1:_PREFIX] + bytes(len(frame) - _PREFIX))
