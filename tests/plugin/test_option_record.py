"""The flag that says when cassettes are recorded."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("modules_kept")

_SUITE = """
import urllib.request

def test_asks(fakes):
    real = fakes.rest("real")
    real.get("/a").reply(text="all")
    payments = fakes.rest("payments", upstream=real, record="cassettes/payments.json")
    with urllib.request.urlopen(f"{payments.url}/a") as answer:
        assert answer.read() == b"all"
    print(f"calls={len(real.calls)}.")
"""


def _asked(pytester: pytest.Pytester, *arguments: str) -> str:
    result = pytester.runpytest_inprocess("-s", *arguments)
    lines = [line for line in result.outlines if "calls=" in line and line.endswith(".")]
    return lines[0].rpartition("calls=")[2][:1] if lines else f"{result.ret:d}"


def test_the_flag_says_when_the_service_is_asked(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_SUITE)
    none_yet = _asked(pytester, "--integrations-record=none")
    told = [_asked(pytester, *flag) for flag in ([], [], ["--integrations-record=all"], ["--integrations-record=auto"])]

    assert (none_yet, told) == ("1", ["1", "0", "1", "0"])
    assert (pytester.path / "cassettes" / "payments.json").is_file()


def test_so_does_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_SUITE)
    pytester.makeini("[pytest]\nintegrations_record = all")
    assert [_asked(pytester) for _ in range(2)] == ["1", "1"]
    pytester.makeini("[pytest]\nintegrations_record = sometimes")
    pytester.runpytest_inprocess().stdout.fnmatch_lines(["*integrations_record = 'sometimes' in the configuration*"])
