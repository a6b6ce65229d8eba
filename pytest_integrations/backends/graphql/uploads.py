"""Files that come with an operation (the GraphQL multipart request specification)."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from pytest_integrations.backends.http_objects import environ_of

from .refusal import HttpRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .call import RecordedOperation

__all__ = ["Upload", "operations_of"]

_MAX_PARTS = 1000


@dataclass(frozen=True, slots=True)
class Upload:
    """One file, as it came; resolvers get it as the value of its variable."""

    filename: str
    content_type: str
    data: bytes

    def __repr__(self) -> str:
        """Show name, type and length."""
        return f"<Upload {self.filename!r} {self.content_type}, {len(self.data)} bytes>"


def operations_of(call: RecordedOperation, parsed: Callable[[bytes], Any]) -> tuple[Any, Mapping[str, Upload]]:
    """Return the content of the form's part `operations` with the files put where its part `map` says.

    The files are returned by their path, too. What is not of that shape is refused by 400.
    """
    form, files = _parts(call)
    if "operations" not in form or "map" not in form:
        raise HttpRefusal(400, "a multipart request has the parts operations and map, before the files")
    content, places = parsed(form["operations"].encode()), parsed(form["map"].encode())
    if not isinstance(places, dict) or not all(isinstance(paths, list) for paths in places.values()):
        raise HttpRefusal(400, "map is an object of lists of paths, such as {'0': ['variables.file']}")
    uploads: dict[str, Upload] = {}
    for part, paths in places.items():
        file = files.get(part)
        if file is None:
            raise HttpRefusal(400, f"map names the part {part!r}, which did not come")
        upload = Upload(file.filename or "", file.content_type or "", file.stream.read())
        for path in paths:
            _put(content, path, upload)
            uploads[path] = upload
    return content, uploads


def _parts(call: RecordedOperation) -> tuple[Any, Any]:
    """Return the fields and the files of a form, kept in memory: the ledger has all of it anyway."""
    from werkzeug.exceptions import RequestEntityTooLarge
    from werkzeug.formparser import FormDataParser

    parser = FormDataParser(stream_factory=_in_memory, max_form_memory_size=None, max_form_parts=_MAX_PARTS)
    try:
        _, form, files = parser.parse_from_environ(environ_of(call))
    except RequestEntityTooLarge as error:
        raise HttpRefusal(413, f"the form has more than {_MAX_PARTS} parts") from error
    return form, files


def _in_memory(*_sizes: Any, **_more: Any) -> IO[bytes]:
    return BytesIO()


def _put(content: Any, path: Any, upload: Upload) -> None:
    """Put *upload* where *path* (`"variables.files.0"`) says, in place of the null that must stand there."""
    where = content
    steps = path.split(".") if isinstance(path, str) else [""]
    try:
        for step in steps[:-1]:
            where = where[_index(where, step)]
        last = _index(where, steps[-1])
        if where[last] is not None:
            raise HttpRefusal(400, f"map: there is no null at {path!r} to put a file in place of")
        where[last] = upload
    except (LookupError, TypeError, ValueError) as error:
        raise HttpRefusal(400, f"map: the path {path!r} leads nowhere") from error


def _index(where: Any, step: str) -> Any:
    return int(step) if isinstance(where, list) else step
