"""Whether the client follows redirects as far as it should, and takes along what it may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from pytest_integrations.core.call import HttpCall
from pytest_integrations.core.settings import whole

from .evidence import fail, must_be_calls, nothing_to_check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_integrations.core.ledger import Calls

__all__ = ["assert_safe_redirects"]

_REDIRECTS = (301, 302, 303, 307, 308)
_CREDENTIALS = ("Authorization", "Cookie", "Proxy-Authorization")
_ABOUT_CONTENT = ("Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Transfer-Encoding")

_WHY = (
    "RFC 9110 section 15.4: a client follows a redirect with a request that is fit for where it goes. What it takes "
    "along, somebody else reads."
)


@dataclass(frozen=True, slots=True)
class _Hop:
    """A redirect and the request that followed it."""

    before: HttpCall
    after: HttpCall

    @property
    def is_elsewhere(self) -> bool:
        """Whether it leads to another origin: scheme, host or port."""
        return _place(_url(self.before))[:3] != _place(_url(self.after))[:3]

    @property
    def drops_body(self) -> bool:
        """Whether it asks for the result of what was sent, instead of sending it there."""
        status, method = self.before.status, self.after.method
        return status == 303 or (status in {301, 302} and self.before.method == "POST" and method == "GET")

    def __str__(self) -> str:
        return f"#{self.before.seq} {self.before.operation} -> {self.before.status} -> #{self.after.seq}"


def assert_safe_redirects(calls: Calls, *, at_most: int | None = None) -> None:
    """Assert that the client follows at most so many redirects, and takes along no more than it may.

    Definition: the call that follows a redirect is the next one to the URL in its `Location`. After a 303 it is a GET
    or HEAD, and like a POST that became a GET after 301 or 302 it has no body and no header that describes one; after
    307 and 308 method and body are the same; and to another scheme, host or port it carries none of the values of
    `Authorization`, `Cookie` and `Proxy-Authorization` that the call before it carried. *at_most*, from 0 on, is how
    many redirects of one call are followed.

    Raises `NothingToCheck` if no answer was a redirect, or none was followed and *at_most* is not given. Source: RFC
    9110 section 15.4; CVE-2023-45803, CVE-2023-43804 and CVE-2025-50181 of urllib3.

    ```python
    import urllib.request
    from pytest_integrations.faults import redirect

    def test_the_form_is_not_sent_on(fake_rest):
        fake_rest.post("/login").reply(303, headers={"Location": "/home"})
        fake_rest.get("/home").reply(text="hello")

        urllib.request.urlopen(fake_rest.url + "/login", data=b"password=secret").close()

        assert_safe_redirects(fake_rest.calls, at_most=1)
    ```
    """
    __tracebackhide__ = True
    must_be_calls(calls)
    if at_most is not None:
        whole("at_most", at_most)
    redirects = [call for call in calls if isinstance(call, HttpCall) and _location(call)]
    if not redirects:
        nothing_to_check(
            f"none of the {len(calls)} answers was a redirect with a Location",
            calls,
            hint="Script one: fake_rest.inject(redirect()).",
        )
    hops = list(_hops(redirects, calls))
    if at_most is not None:
        _must_end(hops, at_most)
    elif not hops:
        nothing_to_check("no redirect was followed", calls, hint="If none should be, say so with at_most=0.")
    for hop in hops:
        _judge(hop)


def _location(call: HttpCall) -> str:
    is_redirect = call.outcome == "answered" and call.status in _REDIRECTS
    return call.reply_headers.get("Location", "") if is_redirect else ""


def _url(call: HttpCall) -> str:
    scheme = "https" if call.connection.tls else "http"
    return urljoin(f"{scheme}://{call.headers.get('Host', call.fake)}", call.target)


def _place(url: str) -> tuple[object, ...]:
    """Return where *url* leads: scheme, host, port, path and query, however clients write them (RFC 3986, 6.2)."""
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return (url,)  # no port is so high
    return parts.scheme, parts.hostname, port, unquote_to_bytes(parts.path or "/"), unquote_to_bytes(parts.query)


def _hops(redirects: Sequence[HttpCall], calls: Calls) -> Iterator[_Hop]:
    """Yield each redirect that was followed; to another fake as well, if that has the same ledger."""
    requests = [call for call in calls.ledger.calls if isinstance(call, HttpCall)]
    taken: set[int] = set()
    for before in redirects:
        try:
            goal = _place(urljoin(_url(before), _location(before)))
        except ValueError:
            continue  # no URL, so that nothing can follow it
        for after in requests:
            if after.seq > before.seq and after.seq not in taken and _place(_url(after)) == goal:
                taken.add(after.seq)
                yield _Hop(before, after)
                break


def _must_end(hops: Sequence[_Hop], at_most: int) -> None:
    __tracebackhide__ = True
    lengths: dict[int, tuple[int, int]] = {}  # by number of each call: the call that it began with, and how far it is
    for hop in sorted(hops, key=lambda hop: hop.after.seq):
        first, length = lengths.get(hop.before.seq, (hop.before.seq, 0))
        lengths[hop.after.seq] = first, length + 1
        if length + 1 > at_most:
            chain = [each for each in hops if lengths.get(each.after.seq, (0, 0))[0] == first]
            start = chain[0].before
            fail(
                f"the client followed {_redirects(length + 1)} of {start.operation} (#{start.seq}), "
                f"{'none' if not at_most else f'at most {at_most}'} should be",
                [start, *(each.after for each in chain)],
                marks={hop.after.seq: f"followed {hop.before.status} of #{hop.before.seq}"},
                why="A redirect leads where the backend says, which may be where no request should ever go.",
                hint="Look at which layer follows: a limit set on a pool or a session may be replaced by a default "
                "for each request (urllib3 before 2.5: give redirect=False with the request).",
            )


def _redirects(count: int) -> str:
    return f"{count} redirect{'' if count == 1 else 's'}"


def _judge(hop: _Hop) -> None:
    __tracebackhide__ = True
    before, after = hop.before, hop.after
    carried = [name for name in _CREDENTIALS if name in after.headers and _same(name, before, after)]
    described = [name for name in _ABOUT_CONTENT if name in after.headers]
    if before.status == 303 and after.method not in {"GET", "HEAD"}:
        _fail(hop, f"a 303 was followed with {after.method}", "Ask for the result with GET.")
    elif hop.drops_body and (after.body or described):
        what = f"the body of {before.operation} ({len(after.body)} bytes)" if after.body else " and ".join(described)
        _fail(hop, f"{what} was sent on to {after.operation}", "Drop the body and the headers that describe it.")
    elif before.status in {307, 308} and (after.method, after.body) != (before.method, before.body):
        _fail(
            hop,
            f"a {before.status} was followed with another {'method' if after.method != before.method else 'body'}",
            "Send the same method and body again, or do not follow.",
        )
    elif hop.is_elsewhere and carried:
        home, away = urlsplit(_url(before)).netloc, urlsplit(_url(after)).netloc
        what = f"{' and '.join(carried)} for {home} was sent on to {away}"
        _fail(hop, what, "Take credentials along within one origin alone.")


def _same(name: str, before: HttpCall, after: HttpCall) -> bool:
    return before.headers.get(name) == after.headers[name]


def _fail(hop: _Hop, verdict: str, hint: str) -> None:
    __tracebackhide__ = True
    fail(
        f"{verdict}: {hop}",
        [hop.before, hop.after],
        marks={hop.after.seq: f"followed {hop.before.status} of #{hop.before.seq}"},
        why=_WHY,
        hint=hint,
    )
