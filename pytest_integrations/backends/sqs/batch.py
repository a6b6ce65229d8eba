"""Actions on up to ten entries at once, each of which succeeds or fails for itself."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.effect import Partly

from .errors import Refusal, SqsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .request import Request

__all__ = ["LARGEST_BATCH", "entries_of", "in_batch"]

LARGEST_BATCH = 10
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


def entries_of(request: Request) -> list[dict[str, Any]]:
    """Return the entries of a batch, if it is one that SQS takes."""
    entries = request.parameters.get("Entries")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise SqsError(Refusal.EmptyBatchRequest)
    if len(entries) > LARGEST_BATCH:
        text = f"Maximum number of entries per request are {LARGEST_BATCH}. You have sent {len(entries)}."
        raise SqsError(Refusal.TooManyEntriesInBatchRequest, text)
    ids = [str(entry.get("Id", "")) for entry in entries]
    if not all(_ID.fullmatch(each) for each in ids):
        raise SqsError(Refusal.InvalidBatchEntryId)
    twice = next((each for each in ids if ids.count(each) > 1), None)
    if twice is not None:
        raise SqsError(Refusal.BatchEntryIdsNotDistinct, f"Id {twice} repeated.")
    return entries


def in_batch(
    request: Request,
    one: Callable[[Request], dict[str, Any]],
    refuse: Callable[[Request, str], object] | None = None,
) -> dict[str, Any]:
    """Do *one* action for each entry, but for those that a fault refuses: *refuse* is told of them."""
    fault = request.effect(Partly)
    refused = dict.fromkeys(fault.places, Refusal[fault.code]) if fault is not None else {}
    successful, failed = [], []
    for place, entry in enumerate(entries_of(request)):
        own = replace(request, parameters=entry)
        if place in refused:
            failed.append(_failure(entry, SqsError(refused[place])))
            if refuse is not None:
                refuse(own, refused[place].name)
            continue
        try:
            successful.append({"Id": entry["Id"], **one(own)})
        except SqsError as error:
            failed.append(_failure(entry, error))
    return {"Successful": successful, "Failed": failed}


def _failure(entry: dict[str, Any], error: SqsError) -> dict[str, Any]:
    return {"Id": entry["Id"], "SenderFault": error.is_senders, "Code": error.code, "Message": error.text}
