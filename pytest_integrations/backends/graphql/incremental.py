"""Results in parts: what `@defer` and `@stream` leave for later, as a multipart answer.

Both forms that clients ask for by the parameters of `Accept: multipart/mixed` are spoken:

    incrementalSpec=v0.2    `pending`, `incremental` and `completed` with ids, as graphql-core has it; also without any
    deferSpec=20220824      `incremental` with paths, of Apollo's router and its client
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_integrations.core.reply import Reply

from .negotiation import JSON, MIXED
from .responses import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["in_parts"]

_OLD = "20220824"


def in_parts(
    payloads: Sequence[Mapping[str, Any]], wanted: Mapping[str, str], headers: Sequence[tuple[str, str]] = ()
) -> Reply:
    """Return the reply with these *payloads*, one a part and a chunk, in the form that the client *wanted*."""
    is_old = wanted.get("deferspec") == _OLD
    shown = list(_with_paths(payloads)) if is_old else payloads
    chunks = [_part(payload) for payload in shown]
    chunks[0] = b"\r\n---" + chunks[0]
    chunks[-1] += b"--\r\n"
    spec = f"deferSpec={_OLD}" if is_old else "incrementalSpec=v0.2"
    fields = (("Content-Type", f'{MIXED}; boundary="-"; {spec}'), *headers)
    return Reply(200, fields, b"".join(chunks), tuple(chunks))


def _part(payload: Mapping[str, Any]) -> bytes:
    """Return *payload* between the delimiter before it, which is there, and the one after it."""
    return b"\r\nContent-Type: %b; charset=utf-8\r\n\r\n%b\r\n---" % (JSON.encode(), encoded(payload))


def _with_paths(payloads: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Return the same in the form of 2022, where each part tells its own path."""
    pending: dict[str, Mapping[str, Any]] = {}
    lengths: dict[str, int] = {}
    for number, payload in enumerate(payloads):
        pending |= {each["id"]: each for each in payload.get("pending", ())}
        if number == 0:
            yield {name: value for name, value in payload.items() if name != "pending"}
            lengths = {key: _length(payload.get("data"), each["path"]) for key, each in pending.items()}
            continue
        parts = [_placed(each, pending[each["id"]], lengths) for each in payload.get("incremental", ())]
        parts += [_failed(each, pending[each["id"]]) for each in payload.get("completed", ()) if each.get("errors")]
        yield {**({"incremental": parts} if parts else {}), "hasNext": payload["hasNext"]}


def _placed(part: Mapping[str, Any], pending: Mapping[str, Any], lengths: dict[str, int]) -> dict[str, Any]:
    path = [*pending["path"], *part.get("subPath", ())]
    shown = {name: part[name] for name in ("data", "items", "errors") if name in part}
    if "items" in part:  # these begin where those before them ended
        begin = lengths.get(part["id"], 0)
        lengths[part["id"]] = begin + len(part["items"])
        path.append(begin)
    return {**shown, "path": path, **_label(pending)}


def _failed(completed: Mapping[str, Any], pending: Mapping[str, Any]) -> dict[str, Any]:
    return {"data": None, "errors": completed["errors"], "path": list(pending["path"]), **_label(pending)}


def _label(pending: Mapping[str, Any]) -> dict[str, str]:
    return {"label": pending["label"]} if "label" in pending else {}


def _length(data: Any, path: Sequence[str | int]) -> int:
    """Return how many items of the list at *path* were in the first part."""
    for step in path:
        data = data[step]
    return len(data) if isinstance(data, list) else 0
