"""The same client, which reads the answer and not the status."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pybreaker
import requests
import tenacity

OWN_FAULT = {
    "BAD_USER_INPUT",
    "FORBIDDEN",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "NOT_FOUND",
    "UNAUTHENTICATED",
}
"""Codes of errors that another attempt would meet again, and that say nothing about the backend's health."""


@dataclass(frozen=True)
class Result:
    """What came: the data, and what is missing in it."""

    data: dict[str, Any]
    errors: list[dict[str, Any]] = field(default_factory=list)


class OperationFailed(Exception):
    """There is no data; *codes* say why. No other error leaves."""

    def __init__(self, message: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or []
        self.codes = _codes(self.errors)


class Rejected(OperationFailed):
    """The backend is well, and the operation is not."""


class Unavailable(OperationFailed):
    """The backend is not well; another attempt may do, *wait* seconds from now if it said so."""

    def __init__(self, message: str, errors: list[dict[str, Any]] | None = None, *, wait: float | None = None) -> None:
        super().__init__(message, errors)
        self.wait = wait


class Unprocessed(Unavailable):
    """It was refused before it was begun, so that even a mutation may be sent again."""


class GraphQLClient:
    """Runs queries and mutations."""

    def __init__(self, url: str, token: str, *, attempts: int = 4, longest_wait: float = 30) -> None:
        self.url = url
        self.longest_wait = longest_wait
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        # region breaker
        self.breaker = pybreaker.CircuitBreaker(
            fail_max=5,
            reset_timeout=30,
            exclude=[Rejected],
            throw_new_error_on_trip=False,  # the failure that opens it is told as what it is
        )
        unless_open = tenacity.retry_if_exception(lambda _: self.breaker.current_state != pybreaker.STATE_OPEN)
        self._backoff = tenacity.wait_random_exponential(multiplier=1, max=longest_wait)
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(attempts),
            wait=self._wait,
            retry=tenacity.retry_if_exception_type(Unavailable) & unless_open,
            reraise=True,
        )
        self._careful = self._retrying.copy(retry=tenacity.retry_if_exception_type(Unprocessed) & unless_open)
        # endregion

    # region operations
    def query(self, document: str, variables: dict[str, Any] | None = None) -> Result:
        """Ask; what is read twice does no harm, so that every failure of the backend is tried again."""
        return self._execute(self._retrying, document, variables)

    def mutate(
        self, document: str, variables: dict[str, Any] | None = None, *, idempotency_key: str | None = None
    ) -> Result:
        """Have something done; without a key it is tried again only if it was certainly not begun."""
        if idempotency_key is None:
            return self._execute(self._careful, document, variables)
        return self._execute(self._retrying, document, variables, {"Idempotency-Key": idempotency_key})

    def _execute(
        self,
        retrying: tenacity.Retrying,
        document: str,
        variables: dict[str, Any] | None,
        headers: dict[str, str] | None = None,
    ) -> Result:
        try:
            result: Result = retrying(self._attempt, document, variables, headers)
        except pybreaker.CircuitBreakerError as error:
            raise OperationFailed("the backend is not well, and is not asked for a while") from error
        return result

    def _attempt(self, document: str, variables: dict[str, Any] | None, headers: dict[str, str] | None) -> Result:
        with self.breaker.calling():  # not breaker.call(): that holds a lock while it waits for the answer
            return self._post(document, variables, headers)

    # endregion

    # region answer
    def _post(self, document: str, variables: dict[str, Any] | None, headers: dict[str, str] | None) -> Result:
        body = {"query": document, "variables": variables or {}}
        try:
            response = self.session.post(self.url, json=body, headers=headers, timeout=10)
            answer = response.json()
        except requests.JSONDecodeError as error:  # a gateway's error page, say; it is a RequestException as well
            raise Unavailable(f"{response.status_code}, and no JSON") from error
        except requests.RequestException as error:
            raise Unavailable(f"no answer: {error}") from error
        return self._read(answer, response)

    def _read(self, answer: Any, response: requests.Response) -> Result:
        data = answer.get("data") if isinstance(answer, dict) else None
        errors: Any = answer.get("errors", []) if isinstance(answer, dict) else None
        if not _are_errors(errors) or not (errors or isinstance(data, dict)):
            raise Unavailable(f"{response.status_code}, and JSON that is no GraphQL result")
        if isinstance(data, dict) and (not errors or any(value is not None for value in data.values())):
            return Result(data, errors)  # whatever the status says
        message = f"{response.status_code}: {', '.join(str(error.get('message', '')) for error in errors)}"
        if _codes(errors) <= OWN_FAULT:
            raise Rejected(message, errors)
        is_begun = "data" in answer
        raise (Unavailable if is_begun else Unprocessed)(message, errors, wait=self._restored(answer))

    # endregion

    # region wait
    @staticmethod
    def _restored(answer: dict[str, Any]) -> float | None:
        """Return the seconds after which there will be enough left for the operation, if the answer tells that."""
        try:
            cost = answer["extensions"]["cost"]
            left = cost["throttleStatus"]
            seconds: float = (cost["requestedQueryCost"] - left["currentlyAvailable"]) / left["restoreRate"]
        except (LookupError, TypeError, ZeroDivisionError):
            return None
        return max(0.0, seconds)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "wait", None)
        backoff = self._backoff(state)
        return min(asked + backoff / 10, self.longest_wait) if asked is not None else backoff

    # endregion


def _are_errors(errors: Any) -> bool:
    return isinstance(errors, list) and all(isinstance(error, dict) for error in errors)


def _codes(errors: list[dict[str, Any]]) -> set[str]:
    return {str((error.get("extensions") or {}).get("code", "")) for error in errors}
