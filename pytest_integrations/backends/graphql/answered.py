"""What a rule answers to one operation."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.core.reply import Reply

from .defaults import UNSET

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Answered", "answer"]


@dataclass(frozen=True, slots=True)
class Answered:
    """Data for the fields at the root, or a callable of the variables that returns such; errors, and how it is sent."""

    data: Any = UNSET
    errors: tuple[Mapping[str, Any], ...] = ()
    extensions: Mapping[str, Any] | None = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    is_pure: bool = True
    """Whether no callable of the test is in it."""
    is_fleeting: bool = False
    """Whether it is made for one call alone."""

    @classmethod
    def of(
        cls,
        data: Any = UNSET,
        *,
        errors: Iterable[Mapping[str, Any] | str] = (),
        extensions: Mapping[str, Any] | None = None,
        status: int | None = None,
        headers: Any = (),
    ) -> Answered:
        """Build from the arguments of a `reply(...)`; what is none is a `ScriptingError`."""
        if data is not UNSET and data is not None and not callable(data) and not isinstance(data, Mapping):
            msg = f"data={data!r} is no data of an operation: valid are a dict of its fields at the root, or a function"
            raise ScriptingError(msg)
        if inspect.iscoroutinefunction(data):
            msg = f"data={data!r} is async, which only the resolver of a field can be: see resolve()"
            raise ScriptingError(msg)
        if isinstance(errors, str | Mapping):
            msg = f"errors={errors!r} is not a list: valid are messages and dicts with a message, in a list"
            raise ScriptingError(msg)
        listed = tuple({"message": each} if isinstance(each, str) else each for each in errors)
        for each in listed:
            if not isinstance(each, Mapping) or not isinstance(each.get("message"), str):
                msg = f"errors: {each!r} is no error: valid are messages and dicts such as {{'message': 'not found'}}"
                raise ScriptingError(msg)
        shown = Reply.of(200 if status is None else status, headers=headers)  # which checks them
        return cls(data, listed, extensions, status, shown.headers, not _has_callable(data))

    @property
    def is_request_error(self) -> bool:
        """Whether it is errors and no data, so that nothing is executed."""
        return bool(self.errors) and self.data is UNSET

    def completed(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return *result*, with the errors and extensions that were given."""
        if self.errors:
            result = {"errors": [*result.get("errors", ()), *self.errors], **_without_errors(result)}
        if self.extensions is not None:
            result = {**result, "extensions": {**result.get("extensions", {}), **self.extensions}}
        return result


def answer(
    data: Any = UNSET,
    *,
    errors: Iterable[Mapping[str, Any] | str] = (),
    extensions: Mapping[str, Any] | None = None,
    status: int | None = None,
    headers: Any = (),
) -> Answered:
    """Return an answer for `replies(...)` with more to it than data; the arguments are those of `reply`."""
    __tracebackhide__ = True
    return Answered.of(data, errors=errors, extensions=extensions, status=status, headers=headers)


def _has_callable(data: Any) -> bool:
    if isinstance(data, Mapping):
        return any(map(_has_callable, data.values()))
    if isinstance(data, list | tuple):
        return any(map(_has_callable, data))
    return callable(data)


def _without_errors(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "errors"}
