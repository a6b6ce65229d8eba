"""A GraphQL client over requests, as it is often written. It retries and has a breaker; the tests tell."""

from __future__ import annotations

import time
from typing import Any

import pybreaker
import requests


class GraphQLError(Exception):
    """The answer had errors."""


class GraphQLClient:
    """Runs queries and mutations."""

    # region client
    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.breaker = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=30)

    def query(self, document: str, variables: dict[str, Any] | None = None) -> Any:
        return self._execute(document, variables)

    def mutate(self, document: str, variables: dict[str, Any] | None = None) -> Any:
        return self._execute(document, variables)

    def _execute(self, document: str, variables: dict[str, Any] | None) -> Any:
        for attempt in range(3):
            try:
                answer = self.breaker.call(self._post, document, variables)
                break
            except requests.RequestException:
                if attempt == 2:
                    raise
                time.sleep(2**attempt)
        if "errors" in answer:
            raise GraphQLError(answer["errors"][0]["message"])
        return answer["data"]

    def _post(self, document: str, variables: dict[str, Any] | None) -> Any:
        response = self.session.post(self.url, json={"query": document, "variables": variables or {}}, timeout=10)
        response.raise_for_status()
        return response.json()

    # endregion
