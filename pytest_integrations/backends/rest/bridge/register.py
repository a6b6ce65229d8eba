"""The fake's entry in a mock of `responses`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import responses
from responses.registries import OrderedRegistry

from pytest_integrations.core.errors import ScriptingError

from .ability import check
from .exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import PreparedRequest

    from pytest_integrations.backends.rest.fake import FakeRest

__all__ = ["register"]


def register(fake: FakeRest, mock: Any, url: str) -> None:
    """Let *fake* answer in *mock* what is below *url*."""
    __tracebackhide__ = True
    mock = getattr(mock, "_default_mock", mock)  # the module itself stands for the mock that its functions speak to
    if not isinstance(mock, responses.RequestsMock):
        msg = f"register_in({mock!r}) is no mock: give the module responses, or a responses.RequestsMock()"
        raise ScriptingError(msg)
    if isinstance(mock.get_registry(), OrderedRegistry):
        msg = "register_in() needs a mock that keeps its entries: an OrderedRegistry drops each after its first call"
        raise ScriptingError(msg)
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        msg = f"register_in(…, {url!r}) is not a URL: valid is that which the client has, as 'https://api.example.com'"
        raise ScriptingError(msg)
    for script in fake.scripts:
        for rule in script.rules:
            for fault in rule.faults:
                check(fake, fault)
    same = next((each for each in _entries(mock) if _origin(each.base) == _origin(url)), None)
    if same is None:
        mock.add(_Entry(fake, mock, url.rstrip("/")))
    elif same.fake is not fake:  # of two that match responses drops the one that has answered
        msg = f"register_in(…, {url!r}): {same.fake.name} is registered for that URL: give each fake one of its own"
        raise ScriptingError(msg)


def _entries(mock: responses.RequestsMock) -> Iterator[_Entry]:
    return (each for each in mock.registered() if isinstance(each, _Entry))


def _origin(url: str) -> tuple[str, str | None, int | None, str]:
    """Return the parts of *url* that say where it leads, whichever way it is written."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or usual, parts.path.rstrip("/")


class _Entry(responses.CallbackResponse):
    """Matches what is below a URL, whatever the method, unless another response of the mock matches it too."""

    def __init__(self, fake: FakeRest, mock: responses.RequestsMock, url: str) -> None:
        super().__init__("ANY", url, callback=self._answer, content_type=None)
        self.fake = fake
        self.base = url
        self._mock = mock

    def matches(self, request: PreparedRequest) -> tuple[bool, str]:
        """Tell whether *request* is for the fake."""
        if not self.is_above(request):
            return False, f"URL is not below {self.base}"
        for other in self._mock.registered():
            if isinstance(other, _Entry):
                if other is not self and len(other.base) > len(self.base) and other.is_above(request):
                    return False, f"{other.fake.name} is registered for a longer part of it"
            elif other.matches(request)[0]:
                return False, "another response matches it"
        return True, ""

    def is_above(self, request: PreparedRequest) -> bool:
        """Tell whether the URL of *request* is below that of the entry."""
        *server, path = _origin(self.base)
        *asked_server, asked_path = _origin(str(request.url))
        return asked_server == server and f"{asked_path}/".startswith(f"{path}/")

    def _answer(self, request: PreparedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        message = Exchange(self.fake, request).play()
        dropped = {b"transfer-encoding"}
        fields = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in message.fields
            if name.lower() not in dropped
        ]
        return int(message.start[9:12]), fields, message.body
