"""Handshakes that go wrong: certificates that must be refused, versions that are too old, ends before the beginning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.effect import Handshake
from pytest_integrations.core.errors import ScriptingError, near_names
from pytest_integrations.core.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion, Scope

__all__ = ["tls"]

KINDS = (
    "expired",
    "not_yet_valid",
    "wrong_host",
    "untrusted_ca",
    "self_signed",
    "client_cert_required",
    "plaintext",
    "reset_in_handshake",
    "close_in_handshake",
    "hang_in_handshake",
    "no_close_notify",
)
VERSIONS = ("1.0", "1.1", "1.2", "1.3")
ALERTS = (
    "handshake_failure",
    "protocol_version",
    "unrecognized_name",
    "internal_error",
    "access_denied",
    "insufficient_security",
)


@dataclass(frozen=True, slots=True, repr=False)
class tls(Fault):  # noqa: N801 -- a word in a script
    """Spoil the TLS handshake of the next connection, of a fake that was made with `tls=True`.

    Wire definition, by *kind*:

    - `expired`, `not_yet_valid`, `wrong_host`, `untrusted_ca`, `self_signed`: the server's certificate is that; the
      handshake is otherwise sound, so that only a client that does not verify gets through;
    - `client_cert_required`: a certificate of the client is demanded, and the handshake fails without it;
    - `plaintext`: an HTTP/1.1 400 without TLS answers the client's hello, then FIN;
    - `reset_in_handshake`, `close_in_handshake`, `hang_in_handshake`: RST, FIN or nothing after the client's hello;
    - `no_close_notify`: all is well until the end, a FIN without close_notify: to a careful client a truncation.

    `tls(version="1.1")` offers that version alone; `tls(alert="handshake_failure")` answers the hello with that fatal
    alert (RFC 8446 section 6.2) and FIN.

    ```python
    import pytest, urllib.error, urllib.request
    from pytest_integrations.faults import tls

    def test_the_client_verifies(fakes):
        payments = fakes.rest("payments", tls=True)
        payments.inject(tls("expired"))
        with pytest.raises(urllib.error.URLError, match="certificate has expired"):
            urllib.request.urlopen(payments.url, context=payments.client_context())
    ```
    """

    kind: str = ""
    version: str | None = None
    alert: str | None = None
    scope: ClassVar[Scope] = "connection"

    def __post_init__(self) -> None:
        """Check that exactly one way to spoil it is named, and that it is one."""
        if sum((bool(self.kind), self.version is not None, self.alert is not None)) != 1:
            msg = f"{self!r}: give one of a kind, version= and alert=, such as tls('expired')"
            raise ScriptingError(msg)
        for what, value, valid in (
            ("kind", self.kind or None, KINDS),
            ("version", self.version, VERSIONS),
            ("alert", self.alert, ALERTS),
        ):
            if value is not None and value not in valid:
                near = near_names(value, valid)
                guess = f" Did you mean {near[0]!r}?" if near else ""
                msg = f"tls: {what}={value!r} is not known.{guess} Valid: {', '.join(map(repr, valid))}."
                raise ScriptingError(msg)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield the spoilt handshake."""
        if self.version is not None:
            yield Handshake("version", self.version)
        elif self.alert is not None:
            yield Handshake("alert", self.alert)
        else:
            yield Handshake(self.kind)
