"""A tester of integrations with a health report, as it is often written. It looks careful; the tests tell."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import mean
from typing import Any

import requests


@dataclass
class Result:
    """What came of one test."""

    name: str
    status: str
    duration: float
    response: Any = None
    error: str = ""


class IntegrationTester:
    """Asks a service for one thing after the other."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.tests: dict[str, str] = {}
        self.results: list[Result] = []

    def add(self, name: str, path: str) -> None:
        self.tests[name] = path

    # region run
    def run(self) -> list[Result]:
        for name, path in self.tests.items():
            begun = time.monotonic()
            for _ in range(3):  # a hiccup of the network is not to spoil the run
                try:
                    answer = requests.get(self.url + path)
                    status, error = ("passed" if answer.ok else "failed"), ""
                except requests.RequestException as problem:
                    answer, status, error = None, "error", str(problem)
                if status == "passed":
                    break
            self.results.append(Result(name, status, time.monotonic() - begun, answer, error))
        return self.results

    def health(self) -> dict[str, Any]:
        passed = mean(result.status == "passed" for result in self.results)
        status = "healthy" if passed >= 0.75 else "degraded" if passed >= 0.5 else "down"
        return {"status": status, "latency": mean(result.duration for result in self.results)}

    # endregion
