"""A fake's routes in `responses`: what a patch can perform of its faults, and what only a wire can.

register    the fake's entry in a mock of `responses`
ability     which faults a patch can perform
request     a call from what `requests` is about to send
exchange    one call from its beginning to its end
failures    what `requests` raises where a connection fails
"""

from .register import register

__all__ = ["register"]
