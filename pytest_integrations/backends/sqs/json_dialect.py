"""The protocol of today's clients: JSON, with the action in a header (AWS JSON 1.0)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.reply import Reply

from .errors import Refusal, SqsError

if TYPE_CHECKING:
    from pytest_integrations.core.call import HttpCall

__all__ = ["JsonDialect"]

_TYPE = "application/x-amz-json-1.0"


class JsonDialect:
    """Reads and writes it."""

    def action(self, call: HttpCall) -> str:
        """Return the action that *call* names."""
        return call.headers.get("x-amz-target", "").rpartition(".")[2]

    def parameters(self, call: HttpCall) -> dict[str, Any]:
        """Return what the action is given."""
        try:
            parameters = json.loads(call.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise SqsError(Refusal.InvalidParameterValue, f"The request is not JSON: {error}") from None
        if not isinstance(parameters, dict):
            raise SqsError(Refusal.InvalidParameterValue, "The request is not a JSON object.")
        return parameters

    def success(self, action: str, result: dict[str, Any], request_id: str) -> Reply:
        """Return the answer of an action that was done."""
        return _reply(200, result, request_id)

    def failure(self, error: SqsError, request_id: str) -> Reply:
        """Return the answer of an action that was not."""
        fault = "Sender" if error.is_senders else "Receiver"
        content = {"__type": f"com.amazonaws.sqs#{error.name}", "message": error.text}
        return _reply(error.status, content, request_id, ("x-amzn-query-error", f"{error.code};{fault}"))


def _reply(status: int, content: dict[str, Any], request_id: str, *more: tuple[str, str]) -> Reply:
    headers = (("Content-Type", _TYPE), ("x-amzn-RequestId", request_id), *more)
    return Reply(status, headers, json.dumps(content).encode())
