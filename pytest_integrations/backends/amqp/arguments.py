"""The optional arguments of a queue: what they mean, and what RabbitMQ says to those that it does not take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_integrations.wire.amqp.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OVERFLOWS", "QueueArguments"]

OVERFLOWS = ("drop-head", "reject-publish", "reject-publish-dlx")
_NUMBERS = {
    "x-message-ttl": 0,
    "x-expires": 1,
    "x-max-length": 0,
    "x-max-length-bytes": 0,
    "x-max-priority": 0,
    "x-delivery-limit": None,
}
_TEXTS = ("x-dead-letter-exchange", "x-dead-letter-routing-key", "x-overflow", "x-queue-type")
_TYPES = ("classic", "quorum")


@dataclass(frozen=True, slots=True)
class QueueArguments:
    """What a queue was declared with, understood; times in milliseconds, as AMQP has them."""

    ttl: int | None = None
    expires: int | None = None
    max_length: int | None = None
    max_bytes: int | None = None
    overflow: str = "drop-head"
    max_priority: int | None = None
    single_active: bool = False
    dead_letter_exchange: str | None = None
    dead_letter_key: str | None = None
    quorum: bool = False
    delivery_limit: int | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any], whose: str) -> QueueArguments:
        """Understand *arguments*; raises `Refusal` in RabbitMQ's words, which name *whose* they are."""
        for name, value in arguments.items():
            if name in _TEXTS and not isinstance(value, str):
                raise Refusal(406, f"invalid type '{_kind(value)}' for arg '{name}' in {whose}")
            wrong = _wrong(name, value, arguments)
            if wrong is not None:
                raise Refusal(406, f"invalid arg '{name}' for {whose}: {wrong}")
        return cls(
            ttl=arguments.get("x-message-ttl"),
            expires=arguments.get("x-expires"),
            max_length=arguments.get("x-max-length"),
            max_bytes=arguments.get("x-max-length-bytes"),
            overflow=arguments.get("x-overflow", "drop-head"),
            max_priority=arguments.get("x-max-priority"),
            single_active=bool(arguments.get("x-single-active-consumer")),
            dead_letter_exchange=arguments.get("x-dead-letter-exchange"),
            dead_letter_key=arguments.get("x-dead-letter-routing-key"),
            quorum=arguments.get("x-queue-type") == "quorum",
            delivery_limit=arguments.get("x-delivery-limit"),
        )


def _wrong(name: str, value: Any, arguments: Mapping[str, Any]) -> str | None:
    """Return what is wrong with an argument, in Erlang's notation as RabbitMQ has it; None for nothing."""
    if name in _NUMBERS:
        return _wrong_number(name, value)
    if name in _TEXTS:
        return _wrong_text(name, value, arguments)
    if name == "x-single-active-consumer" and not isinstance(value, bool):
        return f"{{unacceptable_type,{_kind(value)}}}"
    return None


def _wrong_number(name: str, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return f'"expected integer, got {_kind(value)}"'
    least = _NUMBERS[name]
    if least is not None and value < 0:
        return f"{{value_negative,{value}}}"
    if least is not None and value < least:
        return f"{{value_zero,{value}}}"
    return f"{{max_value_exceeded,{value}}}" if name == "x-max-priority" and value > 255 else None


def _wrong_text(name: str, value: Any, arguments: Mapping[str, Any]) -> str | None:
    if name == "x-overflow" and value not in OVERFLOWS:
        return "invalid_overflow"
    if name == "x-queue-type" and value not in _TYPES:
        return f"\"unsupported queue type '{value}'\""
    without = name == "x-dead-letter-routing-key" and "x-dead-letter-exchange" not in arguments
    return "routing_key_but_no_dlx_defined" if without else None


def _kind(value: Any) -> str:
    """Name the type of a value as RabbitMQ does."""
    if isinstance(value, bool):
        return "bool"
    names = {int: "signedint", str: "longstr", float: "double", list: "array", dict: "table", type(None): "void"}
    return names.get(type(value), "binary")
