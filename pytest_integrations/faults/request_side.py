"""Servers that do not wait for the end of the request, or take very long to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_integrations.core.effect import Cut, Preempt, Throttle, Withhold
from pytest_integrations.core.fault import Fault
from pytest_integrations.core.reply import Reply
from pytest_integrations.core.settings import number, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.effect import Effect
    from pytest_integrations.core.fault import Occasion, Scope

__all__ = ["early_response", "no_continue", "reset_mid_upload", "slow_read"]


@dataclass(frozen=True, slots=True, repr=False)
class slow_read(Fault):  # noqa: N801 -- a word in a script
    """Read the request's body at *rate* bytes per second.

    Wire definition: the head is read at once; of the body no more than *rate* bytes per second, so that the window of
    TCP fills and the client's `send` blocks; the answer comes when the last byte would have been read. A request
    without a body is not slowed. Of a client that gives up meanwhile the FIN comes behind what it had sent: the ledger
    has the attempt, as abandoned, when that was read, and so maybe behind its retry. Whether a client gives up rightly,
    and what it does then, is asked with `hang()` or `reset_mid_upload()`.

    Toxiproxy: `bandwidth`, upstream. GCS testbench: `stall-for-Ts-after-YK`.

    ```python
    import requests

    fake_rest.put("/file").reply(204)
    fake_rest.inject(slow_read(10_000))
    assert requests.put(f"{fake_rest.url}/file", data=bytes(500)).elapsed.total_seconds() > 0.04
    ```
    """

    scope: ClassVar[Scope] = "upload"
    rate: float

    def __post_init__(self) -> None:
        """Check the settings."""
        number("rate", self.rate, above=0)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a throttle."""
        yield Throttle(self.rate)


@dataclass(frozen=True, slots=True, repr=False)
class early_response(Fault):  # noqa: N801 -- a word in a script
    """Answer before the request is complete.

    Wire definition: once *after_bytes* bytes of the request's body came in (0: at its head; a shorter body: at its
    end), an answer with status *code*, `Connection: close` and no body, FIN. What the client still sends is read and
    thrown away, so that no RST overtakes the answer. The handler does not run.

    GCS testbench: `return-X-after-YK`.

    ```python
    import requests

    fake_rest.put("/file").reply(204)
    fake_rest.inject(early_response(413, after_bytes=1024))
    assert requests.put(f"{fake_rest.url}/file", data=bytes(5000)).status_code == 413
    ```
    """

    scope: ClassVar[Scope] = "upload"
    code: int = 413
    after_bytes: int = 0

    def __post_init__(self) -> None:
        """Check the settings."""
        Reply.of(self.code)
        whole("after_bytes", self.after_bytes)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield an answer in the middle of the request."""
        yield Preempt(Reply.of(self.code), self.after_bytes)


@dataclass(frozen=True, slots=True, repr=False)
class reset_mid_upload(Fault):  # noqa: N801 -- a word in a script
    """Reset the connection while the client is still sending.

    Wire definition: once *after_bytes* bytes of the request's body came in (0: at its head; a shorter body: at its
    end), RST; no byte of an answer. The handler does not run.

    GCS testbench: `return-broken-stream`.

    ```python
    import pytest, requests

    fake_rest.put("/file").reply(204)
    fake_rest.inject(reset_mid_upload(after_bytes=1024))
    with pytest.raises(requests.ConnectionError):
        requests.put(f"{fake_rest.url}/file", data=bytes(5000))
    ```
    """

    scope: ClassVar[Scope] = "upload"
    after_bytes: int = 0

    def __post_init__(self) -> None:
        """Check the settings."""
        whole("after_bytes", self.after_bytes)

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield a cut in the request."""
        yield Cut("reset", "upload", self.after_bytes)


@dataclass(frozen=True, slots=True, repr=False)
class no_continue(Fault):  # noqa: N801 -- a word in a script
    """Leave a client that asked with `Expect: 100-continue` without its 100.

    Wire definition: no `100 Continue`; when the body has come in all the same, the answer as it is. A client must not
    wait for ever (RFC 9110 section 10.1.1). Requests without that field are answered as ever.

    ```python
    import requests

    fake_rest.put("/file").reply(204)
    fake_rest.inject(no_continue())
    assert requests.put(f"{fake_rest.url}/file", data=b"x", headers={"Expect": "100-continue"}).status_code == 204
    ```
    """

    scope: ClassVar[Scope] = "upload"

    def effects(self, occasion: Occasion) -> Iterable[Effect]:
        """Yield nothing where a 100 should be."""
        yield Withhold("continue")
