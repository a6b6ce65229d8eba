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
    mock.add(_Entry(fake, mock, url.rstrip("/")))


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
        asked, own = urlsplit(str(request.url)), urlsplit(self.base)
        path = own.path.rstrip("/")
        return (asked.scheme, asked.hostname, asked.port) == (own.scheme, own.hostname, own.port) and (
            asked.path == path or asked.path.startswith(f"{path}/")
        )

    def _answer(self, request: PreparedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        message = Exchange(self.fake, request).play()
        dropped = {b"transfer-encoding"}
        fields = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in message.fields
            if name.lower() not in dropped
        ]
        return int(message.start[9:12]), fields, message.body
