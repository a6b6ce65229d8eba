"""What is said of a connection that nothing intercepts."""

from __future__ import annotations

import sys
import sysconfig
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["refusal"]

_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts")})
_OURS = __file__.rpartition("interception")[0]
_FRAMES = 3


def refusal(host: str, port: int | None, intercepted: Sequence[str]) -> tuple[str, str]:
    """Return what the client is told, in a line, and what the test is: who connected, and each way out."""
    name = f"[{host}]" if ":" in host else host
    where = name if port is None else f"{name}:{port}"
    url = {None: f"https://{name}", 80: f"http://{name}", 443: f"https://{name}"}.get(port, f"http://{where}")
    known = f"; intercepted: {', '.join(intercepted)}" if intercepted else ""
    what = f"intercept: a connection to {where} was refused, since nothing intercepts it"
    lines = [
        f"{what}{known}",
        f"  to answer it by a fake:          intercept({url!r}, fake_rest)",
        f"  to let it through:               intercept.allow({host!r})",
        f"  to refuse it and go on testing:  intercept.refuse({host!r})",
    ]
    callers = list(_callers())
    if callers:
        lines.append(f"  opened by {', called by '.join(callers)}")
    return f"{what}: see intercept({url!r}, fake) and intercept.allow({host!r})", "\n".join(lines)


def _callers() -> Iterator[str]:
    """Yield the innermost places of the user's own code on this thread."""
    frame = sys._getframe()  # noqa: SLF001 -- no public function costs as little
    shown = 0
    while frame is not None and shown < _FRAMES:
        file = frame.f_code.co_filename
        if not file.startswith((*_LIBRARIES, _OURS, "<")):
            shown += 1
            yield f"{file}:{frame.f_lineno} in {frame.f_code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]  # None at the end
