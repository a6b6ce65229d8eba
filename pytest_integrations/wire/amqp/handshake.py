"""The handshake: greeting, login, and what both sides agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from . import methods
from .login import MECHANISMS, credentials
from .refusal import Refusal

if TYPE_CHECKING:
    from pamqp.base import Frame as Method

    from .connection import AmqpProtocol
    from .frames import FrameReader
    from .service import AmqpService

__all__ = ["Handshake", "State"]

State = Literal["greeting", "login", "tune", "enter", "open", "closing", "closed"]
"""How far a connection has come."""

_CAPABILITIES = (
    "publisher_confirms",
    "exchange_exchange_bindings",
    "basic.nack",
    "consumer_cancel_notify",
    "connection.blocked",
    "consumer_priorities",
    "authentication_failure_close",
    "per_consumer_qos",
    "direct_reply_to",
)
_FRAME_MIN = 4096
"""The smallest frames that a client may ask for (AMQP 0-9-1, section 4.2.3)."""


class Handshake:
    """Leads one connection from the first byte to the virtual host."""

    def __init__(self, protocol: AmqpProtocol, service: AmqpService) -> None:
        """Begin with what the broker offers."""
        self._protocol = protocol
        self._service = service
        self.user: str = ""
        self.capabilities: dict[str, Any] = {}
        """What the client said that it understands."""
        self.channel_max: int = service.channel_max
        self.frame_max: int = service.frame_max

    def greet(self, reader: FrameReader) -> bool:
        """Answer the greeting, if it has come whole; raises `BadGreeting` if it is another's."""
        if not reader.greeted():
            return False
        self._protocol.state = "login"
        product = {
            "product": "RabbitMQ",
            "version": self._service.release,
            "platform": "pytest-integrations",
            "cluster_name": self._service.name,
            "capabilities": dict.fromkeys(_CAPABILITIES, True),
        }
        self._protocol.send(methods.start(product, MECHANISMS))
        return True

    def listen(self, method: Method) -> None:
        """Note what the client says of itself in its `connection.start-ok`."""
        told = method["client_properties"]
        capabilities = told.get("capabilities") if isinstance(told, dict) else None
        self.capabilities = capabilities if isinstance(capabilities, dict) else {}

    def log_in(self, method: Method) -> None:
        """Take `connection.start-ok`; raises `Refusal`."""
        mechanism, user, password = credentials(method)
        service = self._service
        service.log_in(mechanism, user, password)
        self.user = user
        self._protocol.state = "tune"
        proposed = methods.short(service.channel_max), methods.long(service.frame_max), methods.short(service.heartbeat)
        self._protocol.send(methods.method(0, 10, 30, *proposed))

    def tune(self, method: Method) -> int:
        """Take `connection.tune-ok` and return the interval of the heartbeats; raises `Refusal`."""
        channel_max, frame_max, heartbeat = (
            _number(method, name) for name in ("channel_max", "frame_max", "heartbeat")
        )
        self._agree("channel_max", channel_max, self.channel_max)
        self._agree("frame_max", frame_max, self.frame_max)
        if frame_max < _FRAME_MIN:
            text = f"negotiated frame_max = {frame_max} is lower than the minimum allowed value ({_FRAME_MIN})"
            raise Refusal(530, text)
        self.channel_max, self.frame_max = channel_max, frame_max
        self._protocol.state = "enter"
        return heartbeat

    @staticmethod
    def _agree(name: str, asked: int, offered: int) -> None:
        """Refuse what is more than was offered; 0 asks for no limit at all."""
        if asked == 0 or asked > offered:
            asked_for = "no limit" if asked == 0 else str(asked)
            text = f"negotiated {name} = {asked_for} is higher than the maximum allowed value ({offered})"
            raise Refusal(530, text)


def _number(method: Method, name: str) -> int:
    value = method[name]
    return value if isinstance(value, int) else 0
