"""The protocol of older clients: a form, answered by XML (AWS query, version 2012-11-05)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from pytest_integrations.core.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.call import HttpCall

    from .errors import SqsError

__all__ = ["QueryDialect"]

_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACE = "http://queue.amazonaws.com/doc/2012-11-05/"

_WITHOUT_RESULT = frozenset(
    {
        "AddPermission",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "DeleteQueue",
        "PurgeQueue",
        "RemovePermission",
        "SetQueueAttributes",
        "TagQueue",
        "UntagQueue",
    }
)
"""The actions whose answers say no more than that it was done."""

_LISTS = {
    "AttributeName": "AttributeNames",
    "MessageAttributeName": "MessageAttributeNames",
    "MessageSystemAttributeName": "MessageSystemAttributeNames",
    "AWSAccountId": "AWSAccountIds",
    "ActionName": "Actions",
    "TagKey": "TagKeys",
    "SendMessageBatchRequestEntry": "Entries",
    "DeleteMessageBatchRequestEntry": "Entries",
    "ChangeMessageVisibilityBatchRequestEntry": "Entries",
}
_MAPS = {
    "Attribute": ("Attributes", "Name", "Value"),
    "MessageAttribute": ("MessageAttributes", "Name", "Value"),
    "MessageSystemAttribute": ("MessageSystemAttributes", "Name", "Value"),
    "Tag": ("Tags", "Key", "Value"),
    "Tags": ("Tags", "Key", "Value"),  # how some clients call them in TagQueue
}
_ELEMENTS = {
    "QueueUrls": "QueueUrl",
    "queueUrls": "QueueUrl",
    "Messages": "Message",
    "Results": "ListMessageMoveTasksResultEntry",
    "Failed": "BatchResultErrorEntry",
}
_ENTRIES = {
    "Attributes": ("Attribute", "Name", "Value"),
    "MessageAttributes": ("MessageAttribute", "Name", "Value"),
    "Tags": ("Tag", "Key", "Value"),
}


class QueryDialect:
    """Reads and writes it."""

    def action(self, call: HttpCall) -> str:
        """Return the action that *call* names."""
        return dict(_form(call)).get("Action", "")

    def parameters(self, call: HttpCall) -> dict[str, Any]:
        """Return what the action is given, in the names of the JSON protocol."""
        form = [(name, value) for name, value in _form(call) if name not in {"Action", "Version"}]
        parameters = _renamed(_nested(form))
        if "QueueUrl" not in parameters and call.path.count("/") > 1:
            parameters["QueueUrl"] = call.path
        return parameters

    def success(self, action: str, result: dict[str, Any], request_id: str) -> Reply:
        """Return the answer of an action that was done."""
        content = "".join(_element(action, name, value) for name, value in result.items())
        result_part = "" if action in _WITHOUT_RESULT else f"<{action}Result>{content}</{action}Result>"
        metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        return _reply(200, f'<{action}Response xmlns="{_SPACE}">{result_part}{metadata}</{action}Response>', request_id)

    def failure(self, error: SqsError, request_id: str) -> Reply:
        """Return the answer of an action that was not."""
        kind = "Sender" if error.is_senders else "Receiver"
        told = f"<Type>{kind}</Type><Code>{error.code}</Code><Message>{_escaped(error.text)}</Message><Detail/>"
        content = f"<Error>{told}</Error><RequestId>{request_id}</RequestId>"
        return _reply(error.status, f'<ErrorResponse xmlns="{_SPACE}">{content}</ErrorResponse>', request_id)


def _form(call: HttpCall) -> list[tuple[str, str]]:
    query = call.target.partition("?")[2]
    body = call.body.decode("utf-8", "replace")
    return [pair for part in (query, body) for pair in parse_qsl(part, keep_blank_values=True)]


def _nested(form: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return `{"Attribute": {"1": {"Name": …}}}` for `Attribute.1.Name=…`."""
    tree: dict[str, Any] = {}
    for name, value in form:
        *path, last = name.split(".")
        place = tree
        for step in path:
            inner = place.setdefault(step, {})
            if not isinstance(inner, dict):
                inner = place[step] = {}
            place = inner
        place[last] = value
    return tree


def _renamed(tree: dict[str, Any]) -> dict[str, Any]:
    """Return *tree* with lists for numbered things, and maps for those that are numbered pairs."""
    result: dict[str, Any] = {}
    for name, value in tree.items():
        if name in _MAPS and isinstance(value, dict):
            new, key, content = _MAPS[name]
            pairs = (each for each in _in_order(value) if isinstance(each, dict) and key in each)
            result[new] = {str(each[key]): each.get(content, "") for each in pairs}
        elif name in _LISTS and isinstance(value, dict):
            result[_LISTS[name]] = [_renamed(each) if isinstance(each, dict) else each for each in _in_order(value)]
        else:
            result[name] = value
    return result


def _in_order(numbered: dict[str, Any]) -> list[Any]:
    return [numbered[number] for number in sorted(numbered, key=lambda each: (len(each), each))]


def _element(action: str, name: str, value: Any) -> str:
    """Return *value* as XML; lists and maps are flat: an element for each of what is in them."""
    if isinstance(value, list):
        inner = _ELEMENTS.get(name, f"{action}ResultEntry" if name == "Successful" else name)
        return "".join(_element(action, inner, each) for each in value)
    if isinstance(value, dict) and name in _ENTRIES:
        inner, key, content = _ENTRIES[name]
        return "".join(_element(action, inner, {key: each, content: value[each]}) for each in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(action, each, value[each]) for each in value)}</{name}>"
    text = str(value).lower() if isinstance(value, bool) else _escaped(str(value))
    return f"<{name}>{text}</{name}>"


def _escaped(text: str) -> str:
    """Return *text* as XML can carry it: a bare carriage return would be read as a line break, others not at all."""
    return escape(_UNSPEAKABLE.sub("\ufffd", text), {"\r": "&#xD;"})


def _reply(status: int, content: str, request_id: str) -> Reply:
    headers = (("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id))
    return Reply(status, headers, f'<?xml version="1.0"?>{content}'.encode())
