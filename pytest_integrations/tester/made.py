"""Values that are made of others, as a table can name them: the schedules of retries, jitter, failure ratios."""

from __future__ import annotations

from typing import Any

from pytest_integrations.core.errors import ScriptingError

__all__ = ["made"]

_MAKERS = ("additive", "exponential", "failure_ratio", "fixed", "linear", "listed", "multiplicative")


def made(value: Any) -> Any:
    """Return *value* with each table that has the name of a maker as its only key replaced by what that makes.

    >>> made({"exponential": {"base": 1, "jitter": {"additive": 0.5}}})
    exponential(base=1, factor=2, jitter=additive(0.5))
    >>> made({"listed": [0.1, 0.5]})
    listed(0.1, 0.5)
    """
    if isinstance(value, list):
        return [made(each) for each in value]
    if not isinstance(value, dict):
        return value
    inner = {name: made(each) for name, each in value.items()}
    if len(inner) != 1 or next(iter(inner)) not in _MAKERS:
        return inner
    from pytest_integrations import assertions

    name, arguments = next(iter(inner.items()))
    make = getattr(assertions, name)
    try:
        if isinstance(arguments, dict):
            return make(**arguments)
        return make(*arguments) if isinstance(arguments, list) else make(arguments)
    except TypeError as error:
        msg = f"{name}: {error}"
        raise ScriptingError(msg) from error
