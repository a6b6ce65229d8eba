"""From what a test writes for a message to the message's bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError, near_names

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_fields", "encoded", "made"]

_UNFIT = (TypeError, ValueError, AttributeError)
"""What protobuf raises for a value that a field cannot have, AttributeError for one of a Struct."""


def encoded(kind: type[Any], value: Any) -> bytes:
    """Return the bytes of *value* as a message of the class *kind*.

    A dict is its fields (nested ones dicts in turn, enums by name or number); None is the empty message; a message of
    the same type, of whichever generated code, is taken as it is; bytes are taken as they are, right or wrong.
    """
    __tracebackhide__ = True
    if isinstance(value, bytes):
        return value
    if value is None:
        return b""
    if isinstance(value, dict):
        value = made(kind, value)
    message: Any = value
    descriptor = getattr(message, "DESCRIPTOR", None)
    wanted = kind.DESCRIPTOR.full_name
    if descriptor is None or not hasattr(message, "SerializeToString"):
        msg = f"{value!r} is not a {wanted}: give its fields, a dict of them, a message, or bytes"
        raise ScriptingError(msg)
    if descriptor.full_name != wanted:
        msg = f"a message of {descriptor.full_name} was given, where a {wanted} is sent"
        raise ScriptingError(msg)
    data: bytes = message.SerializeToString()
    return data


def made(kind: type[Any], fields: Mapping[str, Any]) -> Any:
    """Return a message of the class *kind* with these *fields*; one that cannot be is refused."""
    __tracebackhide__ = True
    check_fields(kind.DESCRIPTOR, fields)
    fields = _adopted(kind.DESCRIPTOR, fields)
    try:
        return kind(**fields)
    except _UNFIT as error:
        name = _culprit(kind, fields)
        value = f"{name}={fields[name]!r}" if name else repr(dict(fields))
        field = kind.DESCRIPTOR.fields_by_name.get(name)
        valid = f"; {name} is of the type {_type_name(field)}" if field is not None else ""
        msg = f"{kind.DESCRIPTOR.full_name} cannot have {value}: {error}{valid}"
        raise ScriptingError(msg) from None


def _adopted(descriptor: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return *fields* with the messages in them as ones of this schema: the same type may be another class there."""
    return {name: _adopted_value(descriptor.fields_by_name[name].message_type, value) for name, value in fields.items()}


def _adopted_value(kind: Any, value: Any) -> Any:
    from google.protobuf.message_factory import GetMessageClass

    if kind is None:
        return value
    if kind.GetOptions().map_entry:
        inner = kind.fields_by_name["value"].message_type
        return {key: _adopted_value(inner, each) for key, each in value.items()} if isinstance(value, dict) else value
    if isinstance(value, list | tuple):
        return [_adopted_value(kind, each) for each in value]
    if isinstance(value, dict) and all(name in kind.fields_by_name for name in value):
        return _adopted(kind, value)
    message: Any = value
    own = getattr(message, "DESCRIPTOR", kind)
    if own is not kind and own.full_name == kind.full_name:
        return GetMessageClass(kind).FromString(message.SerializeToString())
    return value


def check_fields(descriptor: Any, fields: Mapping[str, Any]) -> None:
    """Refuse names that *descriptor*, of a message, has no field of; nested dicts included."""
    __tracebackhide__ = True
    known = descriptor.fields_by_name
    for name, value in fields.items():
        if name not in known:
            near = near_names(str(name), known)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            listed = ", ".join(known) or "none"
            msg = f"{descriptor.full_name} has no field {name!r}.{guess} It has: {listed}"
            raise ScriptingError(msg)
        inner = known[name].message_type
        if inner is None or inner.GetOptions().map_entry:
            continue
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, dict) and not inner.full_name.startswith("google.protobuf."):
                check_fields(inner, each)


def _culprit(kind: type[Any], fields: Mapping[str, Any]) -> str:
    """Return the name of the first field that cannot be set to its value."""
    for name, value in fields.items():
        try:
            kind(**{name: value})
        except _UNFIT:
            return name
    return ""


def _type_name(field: Any) -> str:
    if field.message_type is not None:
        return str(field.message_type.full_name)
    if field.enum_type is not None:
        return f"{field.enum_type.full_name} ({', '.join(field.enum_type.values_by_name)})"
    names = {value: name for name, value in vars(type(field)).items() if name.startswith("TYPE_")}
    return str(names.get(field.type, "TYPE_?")).removeprefix("TYPE_").lower()
