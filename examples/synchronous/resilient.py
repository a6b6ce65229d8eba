"""The same client, with tenacity for the retries and pybreaker for the breaker."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pybreaker
import requests
import tenacity


class ServiceError(Exception):
    """The call did not succeed. No other error leaves the client."""


class ServiceUnavailable(ServiceError):
    """The service did not answer as it should, although it was asked again; later it may."""


class ServiceShed(ServiceUnavailable):
    """The breaker is open: the call was not made, and nobody waited."""


class RequestRejected(ServiceError):
    """The service is well and refuses this request; asked again, it would refuse it again."""


class _Refused(Exception):
    """A 429 or a 5xx; its header may say when to come back."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(f"{response.status_code} {response.reason}")
        self.retry_after = _seconds(response.headers.get("Retry-After", ""))


_PASSING = (
    _Refused,
    requests.Timeout,
    requests.ConnectionError,
    requests.exceptions.ChunkedEncodingError,  # the body broke off
    requests.exceptions.ContentDecodingError,
    requests.exceptions.JSONDecodeError,
)
"""What may be over in a moment: these are retried, and these the breaker counts."""


class ServiceClient:
    """Asks a service and waits for its answer; asks again when that makes sense, and not while it makes none."""

    def __init__(
        self,
        endpoint: str,
        *,
        timeout: float = 30.0,
        attempts: int = 3,
        backoff: float = 0.5,
        patience: float = 60.0,
        failure_threshold: int = 5,
        recovery_timeout: float = 60.0,
    ) -> None:
        """Wait *backoff* seconds before the first retry, and for no `Retry-After` that is longer than *patience*."""
        self.endpoint = endpoint
        self.timeout = timeout
        self.patience = patience
        self.session = requests.Session()
        self.breaker = pybreaker.CircuitBreaker(
            failure_threshold,
            recovery_timeout,
            exclude=[lambda error: not isinstance(error, _PASSING)],
            throw_new_error_on_trip=False,  # the failure that opens it is told as what it is
        )
        # Half of each wait is sure, so that the service gets its pause; half is drawn, so that callers come apart.
        self._backoff = tenacity.wait_exponential(backoff / 2) + tenacity.wait_random_exponential(backoff / 2)
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(attempts),
            retry=tenacity.retry_if_exception(self._is_worth_another_attempt),
            wait=self._wait,
            reraise=True,
        )

    def get(self, path: str) -> Any:
        """Return what the service answers."""
        return self._request("GET", path)

    def post(self, path: str, json: Any) -> Any:
        """Have something done, once, however many attempts it takes."""
        return self._request("POST", path, json, {"Idempotency-Key": str(uuid.uuid4())})

    # region request
    def _request(self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None) -> Any:
        retrying = self._retrying.copy()
        try:
            return retrying(self._attempt, method, path, json, headers)
        except pybreaker.CircuitBreakerError as error:
            is_sent = retrying.statistics["attempt_number"] > 1  # another caller's failure has opened it meanwhile
            raise (ServiceUnavailable if is_sent else ServiceShed)(f"{method} {path}: {error}") from error
        except (_Refused, requests.RequestException) as error:
            raise ServiceUnavailable(f"{method} {path}: {error}") from error

    def _attempt(self, method: str, path: str, json: Any, headers: dict[str, str] | None) -> Any:
        with self.breaker.calling():  # not breaker.call(): that holds a lock while it waits for the answer
            response = self.session.request(
                method, self.endpoint + path, json=json, headers=headers, timeout=self.timeout
            )
            if response.status_code == 429 or response.status_code >= 500:
                raise _Refused(response)
            if response.status_code == 204:
                return None  # done, and nothing to say
            if response.ok:
                return response.json()
        # Outside of the breaker: to be told no is to be answered.
        raise RequestRejected(f"{method} {path}: {response.status_code} {response.reason}")

    # endregion

    def _is_worth_another_attempt(self, error: BaseException) -> bool:
        if not isinstance(error, _PASSING) or _asked(error) > self.patience:
            return False
        return self.breaker.current_state != pybreaker.STATE_OPEN  # it would be shed, after a wait

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        return _asked(error) or self._backoff(state)


def _asked(error: BaseException | None) -> float:
    return error.retry_after if isinstance(error, _Refused) else 0.0


def _seconds(retry_after: str) -> float:
    """Return how long a `Retry-After` asks to wait: seconds or an HTTP date; 0 for none, or one nobody can read."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        date = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, (date - datetime.now(UTC)).total_seconds()) if date.tzinfo else 0.0
