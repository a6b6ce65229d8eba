"""Answers that are sound HTTP, one by one, and lead a client astray: in circles, elsewhere, or nowhere."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from pytest_integrations.core.call import HttpCall
from pytest_integrations.core.effect import Answer, Tamper
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.reply import Reply
from pytest_integrations.core.settings import among, text, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.call import Call
    from pytest_integrations.core.clock import Clock
    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Acting, Occasion
    from pytest_integrations.core.message import Message

__all__ = ["auth_expires", "duplicate_reply", "pagination_loop", "redirect", "redirect_loop"]

_REDIRECTS = (301, 302, 303, 307, 308)
_HOP = "redirect_hop"


@dataclass(frozen=True, slots=True, repr=False)
class redirect_loop(Fault):  # noqa: N801 -- a word in a script
    """Redirect every call, in a circle of *length* URLs.

    Wire definition: `302 Found` without a body; `Location` is the path of the call with `?redirect_hop=` 1, 2, …
    *length*, 1, …; with a length of 1 it is the call's own target. Acts on every call until it is healed; the handler
    does not run.

    ```python
    import pytest, requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(redirect_loop(length=3))
    with pytest.raises(requests.TooManyRedirects):
        requests.get(f"{fake_rest.url}/users")
    ```
    """

    standing: ClassVar[bool] = True
    length: int = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("length", self.length, 1)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the next hop."""
        yield Answer(lambda call: Reply.of(302, headers={"Location": self._next(call)}))

    def _next(self, call: Call) -> str:
        path, _, query = _target(call).partition("?")
        if self.length == 1:
            return _target(call)
        words = dict(parse_qsl(query, keep_blank_values=True))
        hop = words.get(_HOP, "0")
        words[_HOP] = str(int(hop) % self.length + 1 if hop.isdecimal() else 1)
        return f"{path}?{urlencode(words)}"


@dataclass(frozen=True, slots=True, repr=False)
class redirect(Fault):  # noqa: N801 -- a word in a script
    """Redirect one call to where it should not go.

    Wire definition: an answer with status *code* without a body, and for `Location`, by *to*:

    - `"bad"`: `http://[`, which is no URL;
    - `"missing"`: no such field;
    - `"other_host"`: the same fake by another name, `localhost` for `127.0.0.1` and the other way round: a client must
      not show it the credentials of the first;
    - `"downgrade"`: the same URL with `http://`, which matters for a fake that speaks TLS;
    - anything with a slash or a colon in it: that URL.

    The handler does not run.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(redirect("other_host"))
    assert "localhost" in requests.get(f"{fake_rest.url}/users").url
    ```
    """

    to: str = "other_host"
    code: int = 302

    def __post_init__(self) -> None:
        """Check the settings."""
        if not {"/", ":"} & set(text("to", self.to)):
            among("to", self.to, ("bad", "missing", "other_host", "downgrade", "a URL"))
        among("code", self.code, _REDIRECTS)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the redirect."""
        yield Answer(self._reply)

    def _reply(self, call: Call) -> Reply:
        if self.to == "missing":
            return Reply.of(self.code)
        return Reply.of(self.code, headers={"Location": self._location(call)})

    def _location(self, call: Call) -> str:
        host = call.headers.get("host", "127.0.0.1")
        if self.to == "bad":
            return "http://["
        if self.to == "downgrade":
            return f"http://{host}{_target(call)}"
        if self.to == "other_host":
            name, _, port = host.rpartition(":") if ":" in host else (host, "", "")
            other = "127.0.0.1" if name == "localhost" else "localhost"
            scheme = "https" if call.connection.tls else "http"
            return f"{scheme}://{other}{f':{port}' if port else ''}{_target(call)}"
        return self.to


@dataclass(frozen=True, slots=True, repr=False)
class pagination_loop(Fault):  # noqa: N801 -- a word in a script
    """Let the link to the next page lead to the same page, for ever.

    Wire definition: the answer as it is, with a `Link` field whose `rel="next"` is the call's own target, and, if its
    body is a JSON object that has *field*, that with the same value, or with *value* (a cursor) if it is given. Acts
    on every call until it is healed. The answers are sound; a client that counts pages, or remembers them, gets out.

    ```python
    import requests

    fake_rest.get("/users").reply(json={"items": [], "next": None})
    fake_rest.inject(pagination_loop(field="next"))
    assert requests.get(f"{fake_rest.url}/users").json()["next"] == "/users"
    ```
    """

    standing: ClassVar[bool] = True
    field: str = "next"
    value: Any = None

    def __post_init__(self) -> None:
        """Check the settings."""
        text("field", self.field)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a link to where the client is."""
        target = _target(occasion.call)
        yield Tamper(lambda message: self._linked(message, target), spoils=False)

    def _linked(self, message: Message, target: str) -> Message:
        linked = message.without(b"Link").with_field(b"Link", f'<{target}>; rel="next"'.encode("latin-1", "replace"))
        try:
            content = None if message.bodiless else json.loads(message.body)
        except ValueError:
            return linked
        if not isinstance(content, dict) or self.field not in content:
            return linked
        content[self.field] = target if self.value is None else self.value
        return linked.reframed(json.dumps(content).encode())


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class auth_expires(Fault):  # noqa: N801 -- a word in a script
    """Accept a credential for *after* calls, then answer 401 until the client brings another one.

    Wire definition: the calls are counted for each value of the `Authorization` field (or of *header*); the first
    *after* are answered as they are; each one after that gets `401 Unauthorized` without a body, with
    `WWW-Authenticate: Bearer error="invalid_token"`, and the handler does not run. Acts until it is healed.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(auth_expires(after=1))
    assert [requests.get(f"{fake_rest.url}/users").status_code for _ in range(3)] == [200, 401, 401]
    ```
    """

    standing: ClassVar[bool] = True
    after: int
    header: str = "Authorization"

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("after", self.after)
        text("header", self.header)

    def begin(self, clock: Clock) -> Acting:
        """Return a doorman with a memory of his own."""
        return _Doorman(self)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield what a call with an expired credential gets."""
        yield Answer(Reply.of(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}))


class _Doorman:
    """An expiry at work."""

    def __init__(self, settings: auth_expires) -> None:
        self._settings = settings
        self._seen: Counter[str | None] = Counter()

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        credential = occasion.call.headers.get(self._settings.header) if occasion.call else None
        self._seen[credential] += 1
        if self._seen[credential] > self._settings.after:
            yield from self._settings.effects(occasion)


@dataclass(frozen=True, slots=True, repr=False)
class duplicate_reply(Fault):  # noqa: N801 -- a word in a script
    """Send the answer twice.

    Wire definition: the answer as it is, and all of its bytes once more in the same segment; the connection is kept.
    The first is sound. A client that uses the connection again without looking takes the second for the answer to its
    next request.

    ```python
    import requests

    fake_rest.get("/users").reply(json=["ada"])
    fake_rest.inject(duplicate_reply())
    assert requests.get(f"{fake_rest.url}/users").json() == ["ada"]  # the second is left in the connection
    ```
    """

    only_on: ClassVar[str] = "HTTP/1"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a second answer."""
        yield Tamper(lambda message: replace(message, trailer=message.head + message.content), spoils=False)


def _target(call: Call | None) -> str:
    return call.target if isinstance(call, HttpCall) else "/"
