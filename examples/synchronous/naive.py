"""A client for a service that is asked and answers, as it is often written. It looks careful; the tests tell."""

from __future__ import annotations

import time
from typing import Any

import requests


class CircuitBreakerOpenError(Exception):
    """The breaker is open: the call was not made."""


class CircuitBreaker:
    """Opens after so many failures in a row, and lets calls through again when the recovery is over."""

    def __init__(self, failure_threshold: int = 5, recovery_timeout: float = 60.0) -> None:
        self.failure_threshold = failure_threshold
        self.recovery_timeout = recovery_timeout
        self.failures = 0
        self.last_failure = 0.0

    def allow_request(self) -> bool:
        if self.failures < self.failure_threshold:
            return True
        return time.monotonic() - self.last_failure >= self.recovery_timeout

    def record_success(self) -> None:
        self.failures = 0

    def record_failure(self) -> None:
        self.failures += 1
        self.last_failure = time.monotonic()


class ServiceClient:
    """Asks a service and waits for its answer."""

    def __init__(
        self, endpoint: str, *, timeout: float = 30.0, attempts: int = 3, breaker: CircuitBreaker | None = None
    ) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self.attempts = attempts
        self.breaker = breaker or CircuitBreaker()
        self.session = requests.Session()

    def get(self, path: str) -> Any:
        return self._request("GET", path)

    def post(self, path: str, json: Any) -> Any:
        return self._request("POST", path, json)

    # region request
    def _request(self, method: str, path: str, json: Any = None) -> Any:
        for _ in range(self.attempts):
            try:
                if not self.breaker.allow_request():
                    raise CircuitBreakerOpenError(self.endpoint)
                response = self.session.request(method, self.endpoint + path, json=json, timeout=self.timeout)
                response.raise_for_status()
                self.breaker.record_success()
                return response.json()
            except requests.Timeout:
                continue
            except Exception as error:
                self.breaker.record_failure()
                raise RuntimeError(f"{method} {path} failed") from error
        raise RuntimeError(f"{method} {path} timed out {self.attempts} times")

    # endregion
