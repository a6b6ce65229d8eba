"""Files that come with an operation (the GraphQL multipart request specification)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .conftest import told

if TYPE_CHECKING:
    from pytest_integrations.backends.graphql.fake import FakeGraphQL

ONE = {"query": "mutation M($file: Upload!) { upload(file: $file) }", "variables": {"file": None}}
MANY = {"query": "mutation M($files: [Upload!]!) { uploads(files: $files) }", "variables": {"files": [None, None]}}


def _send(api: FakeGraphQL, operations: Any, places: Any, **files: tuple[str, bytes, str]) -> httpx.Response:
    data = {"operations": json.dumps(operations), "map": json.dumps(places)}
    return httpx.post(api.url, data=data, files=files, trust_env=False, timeout=5)


def test_a_file(api: FakeGraphQL) -> None:
    """The resolver gets it as the value of its variable, and it is recorded."""
    api.resolve("Mutation.upload", lambda given: f"{given['file'].filename} {given['file'].data.decode()}")
    answer = _send(api, ONE, {"0": ["variables.file"]}, **{"0": ("a.txt", b"hello", "text/plain")})

    assert answer.json() == {"data": {"upload": "a.txt hello"}}
    (call,) = api.calls
    assert call.operation == "mutation M"
    upload = call.uploads["variables.file"]  # type: ignore[attr-defined]  # calls of this fake have them
    assert (upload.filename, upload.content_type, upload.data) == ("a.txt", "text/plain", b"hello")
    assert repr(upload) == "<Upload 'a.txt' text/plain, 5 bytes>"


def test_files_of_a_list_and_of_a_batch(api: FakeGraphQL) -> None:
    api.resolve("Mutation.uploads", lambda given: [each.data.decode() for each in given["files"]])
    api.resolve("Mutation.upload", lambda given: given["file"].data.decode())
    places = {"0": ["0.variables.files.0", "1.variables.file"], "1": ["0.variables.files.1"]}
    answer = _send(api, [MANY, ONE], places, **{"0": ("a", b"A", "text/plain"), "1": ("b", b"B", "text/plain")})

    assert answer.json() == [{"data": {"uploads": ["A", "B"]}}, {"data": {"upload": "A"}}]


def test_bytes_of_any_kind(api: FakeGraphQL) -> None:
    content = bytes(range(256)) * 400
    api.resolve("Mutation.upload", lambda given: str(len(given["file"].data)))
    answer = _send(api, ONE, {"0": ["variables.file"]}, **{"0": ("a.bin", content, "application/octet-stream")})
    assert answer.json() == {"data": {"upload": str(len(content))}}
    assert api.calls[0].uploads["variables.file"].data == content  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("operations", "places", "message"),
    [
        (ONE, {"1": ["variables.file"]}, "map names the part '1', which did not come"),
        (ONE, {"0": ["variables.nothing.a"]}, "map: the path 'variables.nothing.a' leads nowhere"),
        (ONE, {"0": ["query"]}, "map: there is no null at 'query'"),
        (ONE, {"0": [7]}, "map: the path 7 leads nowhere"),
        (ONE, {"0": "variables.file"}, "map is an object of lists of paths"),
        (ONE, ["variables.file"], "map is an object of lists of paths"),
    ],
)
def test_what_is_no_upload(api: FakeGraphQL, operations: Any, places: Any, message: str) -> None:
    answer = _send(api, operations, places, **{"0": ("a", b"A", "text/plain")})
    assert answer.status_code == 400
    assert message in answer.json()["errors"][0]["message"]
    assert len(told(api)) == 1


def _part(name: str, content: bytes) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), content)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (_part("operations", b"{") + _part("map", b"{}") + b"--x--\r\n", "multipart/form-data; boundary=x"),
        (_part("a", b"") * 1001 + b"--x--\r\n", "multipart/form-data; boundary=x"),
    ],
)
def test_a_form_that_is_none(api: FakeGraphQL, body: bytes, kind: str) -> None:
    answer = httpx.post(api.url, content=body, headers={"content-type": kind}, trust_env=False)
    assert answer.status_code in {400, 413}
    assert len(told(api)) == 1
