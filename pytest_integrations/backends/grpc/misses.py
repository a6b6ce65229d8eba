"""What to say about a call that nothing answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import near_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .methods import Method

__all__ = ["exhausted", "unknown", "unscripted"]

_SHOWN = 3


def unknown(fake: str, path: str, known: Iterable[str]) -> str:
    """Return a paragraph about a method that *fake* does not know, the *known* ones, and the way out."""
    known = sorted(known)
    if not known:
        return f"{fake}: nothing answers {path}: it has no services yet; write: {fake}.load('orders.proto')"
    near = near_names(path, known)
    guess = f"\n  nearest: {', '.join(near)}" if near else ""
    return f"{fake}: it has no method {path}{guess}\n  it has: {', '.join(known)}"


def unscripted(fake: str, method: Method, request: Any, known: Iterable[Method]) -> str:
    """Return a paragraph about a *method* that nobody said the answer of, for this (first) *request*."""
    schema = method.schema
    name = f"{schema.descriptor.containing_service.name.lower()}.{schema.name}"
    lines = [f"{fake}: nothing was said about what {schema.path} answers"]
    conditional = [rule for rule in method.rules if rule.is_scripted]
    if conditional:
        lines.append("  nearest:")
        for rule in conditional[:_SHOWN]:
            misses = rule.conditions.misses(request) if request is not None else ["there is no request"]
            lines.append(f"    when({rule.conditions}): {'; '.join(misses)}")
    else:
        form = "reply_stream([...])" if schema.wire.streams_replies else "reply(...)"
        lines.append(f"  write: {name}.{form}")
    answered = sorted(each.schema.path for each in known if any(rule.is_scripted for rule in each.rules))
    lines.append(f"  methods with an answer: {', '.join(answered) or 'none'}")
    return "\n".join(lines)


def exhausted(fake: str, method: Method) -> str:
    """Return a sentence about a call after the last of `replies(..., then="unexpected")`."""
    return f"{fake}: {method.schema.path} was called once more than replies(..., then='unexpected') has answers for"
