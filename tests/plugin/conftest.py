"""Suites of somebody else, run by a pytest inside the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENT = """
import urllib.error, urllib.request

def get(url):
    "What a GET of url brings: the status, or the name of the exception."
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except Exception as error:
        return type(error).__name__
"""


# Our own suite turns warnings into errors, and what happens in this process would inherit that.
_PLAIN = ("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "default")


def _without_hypothesis(source: str) -> tuple[str, ...]:
    """Leave the plugin of Hypothesis out where it is not the subject: it takes a second at the end of each run."""
    return () if "hypothesis" in source else ("-p", "no:hypothesispytest")


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run a suite of one file with some options, in this process; the tests may import `get` from `client`."""

    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(client=CLIENT, test_it=source)
        return pytester.runpytest_inprocess(*_PLAIN, *_without_hypothesis(source), *options)

    return run


@pytest.fixture
def run_apart(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run a suite of one file in a process of its own."""

    def run_apart(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(client=CLIENT, test_it=source)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *_without_hypothesis(source), *options)

    return run_apart
