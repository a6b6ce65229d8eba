"""What a client must do when its backends misbehave, proved from the ledger alone.

    grouping   which calls are attempts of one logical call, and the gap between two of them
    tolerance  how exact a measured time can be
    evidence   how an assertion fails

Every assertion takes `calls` first, has a definition, a tolerance, and refuses to pass where nothing could have failed.
"""

from __future__ import annotations

__all__: list[str] = []
