"""The reference of what the fakes record: the public attributes of each class, from its annotations and docstrings."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from typing import TYPE_CHECKING

from pytest_integrations.assertions.client_calls import ClientCall
from pytest_integrations.assertions.grouping import LogicalCall
from pytest_integrations.core.call import Call, Connection, Headers, HttpCall
from pytest_integrations.core.delivery import Delivery, Messages, QueueEvent, QueueMessage
from pytest_integrations.core.excerpt import Excerpt
from pytest_integrations.core.graphql_call import GraphQLCall, Operation, StreamEvent
from pytest_integrations.core.grpc_call import GrpcCall, GrpcMethod
from pytest_integrations.core.ledger import Calls
from pytest_integrations.core.queue_call import QueueCall
from pytest_integrations.core.tunnel_call import TunnelCall

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RECORDS", "attributes", "records_page"]

RECORDS: dict[str, tuple[type, ...]] = {
    "All calls": (Calls, Call, Connection, Headers),
    "Calls of each protocol": (
        HttpCall,
        GraphQLCall,
        Operation,
        StreamEvent,
        GrpcCall,
        GrpcMethod,
        QueueCall,
        TunnelCall,
    ),
    "What the client did": (LogicalCall, ClientCall),
    "All messages": (Messages, QueueMessage, Delivery, QueueEvent),
}
"""The classes that a test gets to see, by the heading that they stand under."""

_OF_THE_WIRE = frozenset({"add", "found", "understand"})
"""What is public for the wire's sake."""


def records_page() -> str:
    """Return a section for each class: what it is, and a table of its attributes."""
    return "\n\n".join("\n\n".join([f"## {heading}", *map(_section, kinds)]) for heading, kinds in RECORDS.items())


def _section(kind: type) -> str:
    base = kind.__mro__[1]
    inherited = f"\n\nAnd all of [`{base.__name__}`](#{base.__name__.lower()})." if base in {Call, HttpCall} else ""
    own = attributes(kind) | (attributes(Excerpt) if issubclass(kind, Excerpt) else {})
    rows = [f"| `{name}` | {_cell(what)} |" for name, what in own.items()]
    about = inspect.cleandoc(kind.__doc__ or "")
    return "\n".join(
        [f"### {kind.__name__}", "", f"{about}{inherited}", "", "| attribute | what it is |", "|---|---|", *rows]
    )


def attributes(kind: type) -> dict[str, str]:
    """Return the public attributes and methods that *kind* adds, with the first paragraph of what is said of each."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = dict(_described(tree.body))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name == "__init__":
                found = dict(_described(node.body)) | found
            elif not node.name.startswith("_"):
                is_property = any(ast.unparse(each) == "property" for each in node.decorator_list)
                arguments = ", ".join(each.arg for each in node.args.args[1:])
                found[node.name if is_property else f"{node.name}({arguments})"] = ast.get_docstring(node) or ""
    return {name: text for name, text in found.items() if name.partition("(")[0] not in _OF_THE_WIRE}


def _described(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Yield the public names that are annotated in *body*, each with the string below it."""
    for node, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign):
            name = ast.unparse(node.target).removeprefix("self.")
            text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else ""
            if not name.startswith("_") and "." not in name:
                yield name, inspect.cleandoc(str(text))


def _cell(text: str) -> str:
    first = re.split(r"\n\s*\n", text.strip())[0]
    return " ".join(first.split()).replace("|", "\\|")
