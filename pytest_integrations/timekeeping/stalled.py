"""The one error of a virtual clock that a test meets."""

from __future__ import annotations

__all__ = ["Stalled"]


class Stalled(BaseException):
    """Virtual time cannot go on: every thread waits for ever, or the limit is reached.

    Not an `Exception`, so that a client that retries whatever fails does not swallow it and go on for ever.
    """


Stalled.__module__ = "pytest_integrations"  # the name by which it is caught, and which a failure shows
