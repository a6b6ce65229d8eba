"""The integration tester: a table of cases, each sent, timed and judged by what came back and what crossed the wire.

case, request      one case: what is asked of the client, and what is expected of both
client             the client under test: a callable, its methods, or a URL
http_client        what sends to a URL, for services that are tested from outside
answer             what came back, whatever library's response it is
expected           what it should have been; difference, where it is otherwise
injections         the faults of a case
received           what is to reach the fakes
resilience         assertions by their names
scene              which fakes and which ledger a case is about
play               one case, from its faults to its result; judging, what is wrong with it
result, health     what came of each case, and of each integration point
tester             the table
document, reading  cases from TOML and YAML; stage, the fakes and the client that they name
"""

from __future__ import annotations

from .case import Case
from .expected import Expected
from .health import Health, PointHealth
from .http_client import HttpClient, Response
from .received import Received
from .result import CaseResult, CaseResults
from .tester import IntegrationTester

__all__ = [
    "Case",
    "CaseResult",
    "CaseResults",
    "Expected",
    "Health",
    "HttpClient",
    "IntegrationTester",
    "PointHealth",
    "Received",
    "Response",
]
