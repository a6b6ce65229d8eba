"""What a run can be told: flags, their ini twins, markers, and who chose which profile for a test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "VIRTUAL_CLOCK",
    "add_markers",
    "add_options",
    "check_markers",
    "chosen_by_marker",
    "chosen_for_run",
    "clock_settings",
    "has_real_clock",
    "header",
    "key_of",
    "names_for",
    "parametrize",
    "profile_of",
    "record_mode",
    "report_path",
    "run_seed",
    "settle_seed",
    "share_seed",
    "skipped_profiles",
    "use_virtual_time",
    "wants_summary",
]

_FIXTURE = "fault_profile"
_WORKERINPUT = "integrations_seed"
_VIRTUAL_TIME = "virtual_time"
_CLOCKS = ("virtual", "real")
_RECORD_MODES = ("auto", "once", "none", "new_episodes", "all")
_SUMMARIES = ("auto", "always", "never")

VIRTUAL_CLOCK = "virtual_clock"
"""The name of the fixture."""

_MARKERS = (
    "fault_profile(name, ...): run the test's fakes with this fault profile, or once with each, whatever the run has",
    "no_faults: leave the test's fakes healthy, whatever fault profile the run has",
    "virtual_time(start=..., time_zone=..., limit=..., stall=..., busy=...): run the test on virtual_clock",
)


def add_options(parser: pytest.Parser) -> None:
    """Declare the flags and their ini twins."""
    group = parser.getgroup("integrations", "fake backends and fault injection (pytest-integrations)")
    group.addoption(
        "--fault-profile",
        metavar="NAME[,NAME...]",
        help="Run the fakes of all tests with this fault profile, such as 'flaky';\n"
        "with several, each test once for each",
    )
    group.addoption(
        "--fault-seed",
        metavar="N",
        type=int,
        help="Draw the faults from this number: the same faults in any order of tests;\n"
        "default: a fresh number, shown in the header, with --fault-profile, else 0",
    )
    group.addoption(
        "--list-fault-profiles", action="store_true", help="List the fault profiles that can be named, and exit"
    )
    group.addoption(
        "--integrations-clock",
        choices=_CLOCKS,
        help="What virtual_clock is: 'virtual' time, which jumps, or the 'real' one,\n"
        "to see the same tests hold in reality; default: virtual",
    )
    group.addoption(
        "--integrations-report",
        metavar="PATH.html",
        help="Write what every integration point went through as one page, and the same as\n"
        "JSON beside it; with timelines, and which faults were survived where",
    )
    group.addoption(
        "--integrations-summary",
        choices=_SUMMARIES,
        help="Whether the figures of the integration points stand at the end of the run;\n"
        "default: 'auto', if a fault was injected or a report is written",
    )
    group.addoption(
        "--integrations-record",
        choices=_RECORD_MODES,
        help="When a fake with a cassette asks the real service: 'once', if there is no file\n"
        "yet, 'none' never, 'new_episodes' for what is not in it, 'all' always and write it\n"
        "anew; default: 'auto', what the test says, else once",
    )
    parser.addini(
        "fault_profile", "Default for --fault-profile; 'calm' on the command line switches it off", default=""
    )
    parser.addini("fault_seed", "Default for --fault-seed", default="")
    parser.addini("integrations_clock", "Default for --integrations-clock", default="")
    parser.addini("integrations_record", "Default for --integrations-record", default="")
    parser.addini("integrations_report", "Default for --integrations-report", default="")
    parser.addini("integrations_summary", "Default for --integrations-summary", default="")


def add_markers(config: pytest.Config) -> None:
    """Declare the markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def chosen_for_run(config: pytest.Config) -> tuple[str, ...]:
    """Return the names of the profiles that the flag, or else the ini file, asks for."""
    given = config.getoption("--fault-profile")
    text = str(config.getini("fault_profile") if given is None else given)
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names and (given is not None or text):
        msg = f"--fault-profile {text!r} names no profile; `pytest --list-fault-profiles` lists them"
        raise pytest.UsageError(msg)
    return names


def has_real_clock(config: pytest.Config) -> bool:
    """Tell whether the flag, or else the ini file, wants `virtual_clock` to be real time."""
    return _choice(config, "integrations_clock", _CLOCKS) == "real"


def record_mode(config: pytest.Config) -> str | None:
    """Return how the flag, or else the ini file, wants cassettes to be recorded, if it says."""
    mode = _choice(config, "integrations_record", _RECORD_MODES)
    return None if mode == "auto" else mode


def wants_summary(config: pytest.Config) -> bool | None:
    """Tell whether the figures of the run are to be shown; None if that is for the run to decide."""
    return {"auto": None, "always": True, "never": False}[_choice(config, "integrations_summary", _SUMMARIES)]


def report_path(config: pytest.Config) -> Path | None:
    """Return where the flag, or else the ini file, wants the report; None where nobody does."""
    given = config.getoption("--integrations-report")
    text = str(config.getini("integrations_report")).strip() if given is None else given
    if not text and given is None:
        return None
    path = Path(config.invocation_params.dir if given is not None else config.rootpath, text)
    if path.suffix not in {".html", ".htm"} or path.is_dir():
        msg = f"--integrations-report {text!r} is no file for a page: give it a name such as report.html"
        raise pytest.UsageError(msg)
    return path


def _choice(config: pytest.Config, name: str, valid: Sequence[str]) -> str:
    """Return what the flag, or else the ini file, says; the first of what is *valid* if neither does."""
    given = config.getoption(f"--{name.replace('_', '-')}")
    text = given or str(config.getini(name)).strip() or valid[0]
    if text not in valid:
        msg = f"{name} = {text!r} in the configuration: expected {' or '.join(map(repr, valid))}"
        raise pytest.UsageError(msg)
    return text


def clock_settings(item: pytest.Item) -> dict[str, Any]:
    """Return what the nearest marker tells the virtual clock of a test."""
    mark = item.get_closest_marker(_VIRTUAL_TIME)
    if mark is not None and mark.args:
        msg = f"@pytest.mark.{_VIRTUAL_TIME} of {item.nodeid}: name its settings, such as limit=7200"
        raise pytest.UsageError(msg)
    return dict(mark.kwargs) if mark is not None else {}


def use_virtual_time(items: Sequence[pytest.Item]) -> None:
    """Let marked tests run in virtual time without naming the fixture."""
    for item in items:
        names: list[str] | None = getattr(item, "fixturenames", None)
        if names is not None and VIRTUAL_CLOCK not in names and item.get_closest_marker(_VIRTUAL_TIME):
            names.insert(0, VIRTUAL_CLOCK)


def settle_seed(config: pytest.Config) -> None:
    """Decide on the seed of the run; a worker of xdist takes that of its controller."""
    if hasattr(config, "workerinput"):
        config.option.fault_seed = config.workerinput.get(_WORKERINPUT)
    if config.option.fault_seed is not None:
        return
    text = str(config.getini("fault_seed") or "").strip()
    if text:
        try:
            config.option.fault_seed = int(text)
        except ValueError:
            msg = f"fault_seed = {text!r} in the configuration is not a whole number"
            raise pytest.UsageError(msg) from None
    elif chosen_for_run(config):
        from pytest_integrations.core.seed import fresh_seed

        config.option.fault_seed = fresh_seed()


def share_seed(config: pytest.Config, workerinput: dict[str, object]) -> None:
    """Tell a worker of xdist the seed of the run."""
    workerinput[_WORKERINPUT] = config.option.fault_seed


def run_seed(config: pytest.Config) -> int:
    """Return the seed of the run; 0 where nobody asked for faults."""
    return int(config.option.fault_seed or 0)


def header(config: pytest.Config) -> str | None:
    """Return the line for the header of the run, or None where nothing is active."""
    names = chosen_for_run(config)
    parts = []
    if names:
        parts.append(f"fault profile{'s' if len(names) > 1 else ''} {', '.join(map(repr, names))}")
    if config.option.fault_seed is not None:
        parts.append(f"{'' if names else 'fault '}seed {run_seed(config)}")
    if has_real_clock(config):
        parts.append("real clock")
    return f"integrations: {', '.join(parts)}" if parts else None


def names_for(node: pytest.Item) -> tuple[str, ...]:
    """Return the names of the profiles for a test: those of the nearest marker, else those of the run."""
    for mark in node.iter_markers():
        if mark.name == "no_faults":
            return ()
        if mark.name == _FIXTURE:
            return tuple(map(str, mark.args))
    return chosen_for_run(node.config)


def chosen_by_marker(item: pytest.Item) -> bool:
    """Tell whether a marker decides on the profile of the test."""
    return any(mark.name in {"no_faults", _FIXTURE} for mark in item.iter_markers())


def check_markers(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Refuse a marker without a name, or with one that nobody registered."""
    if hasattr(config, "workerinput"):
        return  # a usage error of a worker is an internal error of xdist; see _check_on_worker
    for item in items:
        _check(config, item, item.nodeid)


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Repeat a test that uses fakes for each of several profiles."""
    if hasattr(metafunc.config, "workerinput"):
        _check_on_worker(metafunc)
    if _FIXTURE in metafunc.fixturenames:
        names = names_for(metafunc.definition)
        if len(names) > 1:
            metafunc.parametrize(_FIXTURE, names, ids=names, indirect=True)


def _check(config: pytest.Config, node: pytest.Item, name: str) -> None:
    for mark in node.iter_markers(_FIXTURE):
        from .registries import check_names

        where = f"@pytest.mark.fault_profile of {name}"
        if not mark.args or mark.kwargs or not all(isinstance(each, str) for each in mark.args):
            msg = f'{where}: give it the name of a profile, such as fault_profile("flaky")'
            raise pytest.UsageError(msg)
        check_names(config, mark.args, where)


def _check_on_worker(metafunc: pytest.Metafunc) -> None:
    """Refuse in the one way that reaches the controller of xdist before a test runs: the file cannot be collected."""
    try:
        _check(metafunc.config, metafunc.definition, metafunc.function.__qualname__)
    except pytest.UsageError as error:
        raise pytest.Collector.CollectError(str(error)) from None


def profile_of(item: pytest.Item) -> str | None:
    """Return the name of the profile that this test runs with, or None."""
    name = _parameter(item)
    if name is not None:
        return name
    names = names_for(item)
    return names[0] if names else None


def skipped_profiles(item: pytest.Item) -> Sequence[str]:
    """Return the names of the profiles that the test should run with and does not, as it cannot be repeated."""
    return names_for(item)[1:] if _parameter(item) is None else ()


def key_of(item: pytest.Item) -> str:
    """Return the node id of a test without the profile in it: the profile must not change what is drawn.

    It is put together anew since xdist appends the names of its groups to `item.nodeid`.
    """
    parent = item.parent.nodeid if item.parent is not None else ""
    name = item.name
    profile = _parameter(item)
    if profile is not None:
        for tail, end in ((f"[{profile}]", ""), (f"-{profile}]", "]")):  # the last part of the id, see parametrize
            if name.endswith(tail):
                name = name.removesuffix(tail) + end
    return f"{parent}::{name}"


def _parameter(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    name: str | None = callspec.params.get(_FIXTURE) if callspec is not None else None
    return name
