"""What to say about an operation that is not valid, or that nobody has scripted."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_integrations.core.graphql_call import Operation

    from .engine import Rejected
    from .rules import OperationRule, Rules

__all__ = ["invalid", "unscripted"]

_SHOWN = 3


def invalid(fake: str, rejected: Rejected) -> str:
    """Return a paragraph that names the operation, what is wrong with it and where, and the way out."""
    what = rejected.operation.title if rejected.operation is not None else "a request"
    lines = [f"{fake}: {what} is not valid:"]
    lines += [f"  {error['message']}{_place(error)}" for error in rejected.errors[:_SHOWN]]
    if len(rejected.errors) > _SHOWN:
        lines.append(f"  ... and {len(rejected.errors) - _SHOWN} more")
    lines.append("  (a client that is meant to send this: make the fake with invalid='allow')")
    return "\n".join(lines)


def _place(error: object) -> str:
    locations = error.get("locations") if isinstance(error, dict) else None
    return f" (line {locations[0]['line']}, column {locations[0]['column']})" if locations else ""


def unscripted(fake: str, operation: Operation, rules: Rules, *, is_exhausted: bool) -> str:
    """Return a paragraph that names *operation*, which rules came nearest to answering it, and the way out."""
    if is_exhausted:
        return f"{fake}: {operation.title} was called once more than replies(..., then='unexpected') has answers for"
    lines = [f"{fake}: nothing was scripted for {operation.title}"]
    if not rules.all:
        lines.append(f"  it has no rules yet; write: {fake}.{operation.kind}({operation.name!r}).reply({{…}})")
        return "\n".join(lines)
    ranked = sorted(rules.all, key=lambda rule: _likeness(operation, rule), reverse=True)
    lines.append("  nearest:")
    lines += [f"    {rule.kind} {rule.name or '*'}: {'; '.join(_reasons(operation, rule))}" for rule in ranked[:_SHOWN]]
    if len(ranked) > _SHOWN:
        lines.append(f"    ... of {len(ranked)} rules")
    return "\n".join(lines)


def _likeness(operation: Operation, rule: OperationRule) -> float:
    likeness = difflib.SequenceMatcher(None, operation.name, rule.name or "").ratio()
    return likeness + 0.2 * (rule.kind == operation.kind) + 2 * (rule.name == operation.name)


def _reasons(operation: Operation, rule: OperationRule) -> list[str]:
    """Return in words what *rule* asks for and *operation* has otherwise."""
    reasons = [] if rule.kind == operation.kind else [f"it is a {operation.kind}, expected a {rule.kind}"]
    if rule.name not in {None, operation.name}:
        return [*reasons, f"its name is {operation.name!r}"]
    return reasons + rule.conditions.misses(operation) or ["it has no reply"]
