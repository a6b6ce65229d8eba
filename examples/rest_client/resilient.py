"""The same client on urllib3 itself, whose Retry covers the body as well, and with every setting chosen."""

from __future__ import annotations

import json
from typing import Any

import urllib3


class ApiError(Exception):
    """The call did not succeed; *status* is that of the last answer, if there was one. No other error leaves."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RestClient:
    """Gets and posts JSON."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        timeout: float = 10.0,
        backoff_factor: float = 1.0,
        longest_wait: int = 30,
    ) -> None:
        """Wait *timeout* seconds for an answer and *longest_wait* for the next attempt, whatever `Retry-After` says."""
        self.base_url = base_url
        # region client
        self.retry = urllib3.Retry(
            total=3,
            backoff_factor=backoff_factor,
            backoff_jitter=2 * backoff_factor,  # so that callers which failed together do not come back together
            backoff_max=longest_wait,
            status_forcelist=[429, 500, 502, 503, 504],
            allowed_methods=["GET", "HEAD", "OPTIONS", "PUT", "DELETE"],  # and a POST that has a key, see `post`
            respect_retry_after_header=True,
            retry_after_max=longest_wait,  # six hours otherwise
            raise_on_status=False,  # the last answer comes back, with its status and what it says
        )
        self.pool = urllib3.PoolManager(
            headers={"Accept": "application/json", "Authorization": f"Bearer {token}"},
            timeout=urllib3.Timeout(connect=timeout, read=timeout),
            retries=self.retry,
            maxsize=10,  # connections kept, for callers in threads; one otherwise
        )
        # endregion

    def get(self, path: str) -> Any:
        """Return what is there."""
        return self._request("GET", path)

    # region post
    def post(self, path: str, json: Any, *, idempotency_key: str | None = None) -> Any:
        """Have something done; it is tried again only with a key, by which the API knows it for the same."""
        if idempotency_key is None:
            return self._request("POST", path, json=json)
        return self._request(
            "POST",
            path,
            json=json,
            headers={**self.pool.headers, "Idempotency-Key": idempotency_key},
            retries=self.retry.new(allowed_methods=["POST"]),
        )

    def _request(self, method: str, path: str, **how: Any) -> Any:
        try:
            response = self.pool.request(method, self.base_url + path, **how)
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(f"{method} {path}: {error}") from error
        if response.status >= 400:
            raise ApiError(f"{method} {path}: {response.status} {response.reason}", response.status)
        if response.status == 204:
            return None  # done, and nothing to say
        try:
            return json.loads(response.data)
        except ValueError as error:  # a gateway's error page, say
            raise ApiError(f"{method} {path}: the body is not JSON: {error}", response.status) from error

    # endregion
