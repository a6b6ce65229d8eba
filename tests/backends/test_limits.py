"""Rate limits and concurrency limits, as a client meets them."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_integrations import FakeRest
from pytest_integrations.core.errors import ScriptingError
from pytest_integrations.faults import max_concurrency, rate_limit
from tests.assertions.ledgers import BEGIN, HandClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_integrations.core.fault import Fault
    from pytest_integrations.faults.limits import Algorithm

ALGORITHMS: tuple[Algorithm, ...] = ("fixed_window", "sliding_window", "token_bucket")


@pytest.fixture
def clock() -> HandClock:
    """A clock that stands until it is moved."""
    return HandClock()


@pytest.fixture
def limited(clock: HandClock) -> Iterator[FakeRest]:
    """A fake on that clock."""
    with FakeRest("limited", clock=clock) as fake:
        fake.get("/").reply(text="ok")
        fake.get("/other").reply(text="ok")
        yield fake


@pytest.fixture
def asking(limited: FakeRest) -> Iterator[httpx.Client]:
    """A client of it."""
    with httpx.Client(base_url=limited.url, timeout=5, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("per", [60, 10.0])
def test_a_client_that_waits_as_told_passes(
    limited: FakeRest, asking: httpx.Client, clock: HandClock, algorithm: Algorithm, per: float
) -> None:
    """So many calls pass, the next gets 429 and a Retry-After that is true to the second."""
    limited.rate_limit(3, per=per, algorithm=algorithm)
    for _ in range(3):
        answers = [asking.get("/") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        wait: float = int(answers[3].headers["retry-after"])
        assert wait == math.ceil(per / 3 if algorithm == "token_bucket" else per)
        if algorithm != "token_bucket":  # which rounds up to where more than one token has dripped in
            clock.now += wait - 0.01
            assert asking.get("/").status_code == 429
            wait = 0.01
        clock.now += wait
        assert asking.get("/").status_code == 200
        clock.now += 10 * per


@given(
    algorithm=st.sampled_from(ALGORITHMS),
    limit=st.integers(1, 4),
    per=st.one_of(st.integers(1, 100).map(float), st.floats(0.5, 100)),
    gaps=st.lists(st.one_of(st.sampled_from([0.0, 0.1, 1.0, 1 / 3]), st.floats(0, 50)), max_size=25),
)
@example(algorithm="sliding_window", limit=1, per=10.0, gaps=[0.0, 1.0, 0.0, 0.0])
@example(algorithm="fixed_window", limit=1, per=60.0, gaps=[0.0, 0.0])
def test_no_algorithm_ever_refuses_a_client_that_waited_as_told(
    algorithm: Algorithm, limit: int, per: float, gaps: list[float]
) -> None:
    """Whatever the history and the sums of floats: after the seconds it was told, rounded up, it passes."""
    window = rate_limit(limit, per, algorithm).window()
    now = 1000.1
    for gap in gaps:
        now += gap
        allowance = window.spend(now)
        if not allowance.passes:
            now += max(1, math.ceil(allowance.reset - 1e-6))
            assert window.spend(now).passes


@given(limit=st.integers(1, 4), gaps=st.lists(st.integers(0, 12), max_size=40))
def test_windows_against_models(limit: int, gaps: list[int]) -> None:
    """A sliding window never lets more than the limit pass in its length; a fixed one counts from its first call."""
    per = 10
    sliding, fixed = (rate_limit(limit, per, algorithm).window() for algorithm in ("sliding_window", "fixed_window"))
    now = first = 1000 + (gaps[0] if gaps else 0)
    slid: list[int] = []
    counted: dict[int, int] = {}
    for position, gap in enumerate(gaps):
        now = now + gap if position else first
        recent = [then for then in slid if now - then < per]
        passes = len(recent) < limit
        assert sliding.spend(now).passes is passes
        slid += [now] if passes else []

        number = (now - first) // per
        counted[number] = counted.get(number, 0) + 1
        allowance = fixed.spend(now)
        assert allowance.passes is (counted[number] <= limit)
        assert allowance.remaining == max(0, limit - counted[number])
        assert now + allowance.reset == first + (number + 1) * per


def test_a_bucket_takes_bursts(limited: FakeRest, asking: httpx.Client, clock: HandClock) -> None:
    """*burst* at once, then as many as drip in."""
    limited.rate_limit(1, per=1, algorithm="token_bucket", burst=3)
    statuses = [asking.get("/").status_code for _ in range(4)]
    clock.now += 2
    statuses += [asking.get("/").status_code for _ in range(3)]
    assert statuses == [200, 200, 200, 429, 200, 200, 429]


@pytest.mark.parametrize(
    ("style", "passing", "refused"),
    [
        (
            "x-ratelimit",
            {"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "60"},
            {"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "59"},
        ),
        (
            "github",
            {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": str(int(BEGIN.timestamp()) + 60)},
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(BEGIN.timestamp()) + 60)},
        ),
        (
            "ietf",
            {"RateLimit-Policy": '"default";q=2;w=60', "RateLimit": '"default";r=1;t=60'},
            {"RateLimit-Policy": '"default";q=2;w=60', "RateLimit": '"default";r=0;t=59'},
        ),
        (None, {}, {}),
    ],
)
def test_header_styles(  # noqa: PLR0917 -- one for each question
    limited: FakeRest,
    asking: httpx.Client,
    clock: HandClock,
    style: Any,
    passing: dict[str, str],
    refused: dict[str, str],
) -> None:
    """Calls that pass are told what is left, refused ones when to come back, in the fields of the style."""
    limited.rate_limit(2, per=60, headers=style)
    first, _ = asking.get("/"), asking.get("/")
    clock.now += 1
    last = asking.get("/")

    assert passing.items() <= {name: first.headers.get(name) for name in passing}.items()
    assert refused.items() <= {name: last.headers.get(name) for name in refused}.items()
    assert (last.status_code, last.headers["retry-after"]) == (429, "59")
    assert last.json() == {"error": "rate limit exceeded", "limit": 2}
    if style is None:
        assert not [name for name in first.headers if "ratelimit" in name.lower()]


def test_keys_are_counted_apart(limited: FakeRest, asking: httpx.Client) -> None:
    """By a header, or by a function of the call."""
    limited.get("/").rate_limit(1, per=60, key="header:Authorization")
    limited.get("/other").rate_limit(1, per=60, key=lambda call: call.query.get("user"))

    assert [asking.get("/", headers={"authorization": who}).status_code for who in "aabab"] == [200, 429, 200, 429, 429]
    assert [asking.get(f"/other?user={who}").status_code for who in "aab"] == [200, 429, 200]
    assert asking.get("/").status_code == 200


def test_a_limit_is_of_the_fake_or_of_a_route(limited: FakeRest, asking: httpx.Client) -> None:
    """Of the fake: all routes together; of a route: that one alone. Both can be set; a refused call is the fault's."""
    limited.rate_limit(3, per=60)
    limited.get("/").rate_limit(1, per=60)

    assert [asking.get("/").status_code for _ in range(2)] == [200, 429]
    assert [asking.get("/other").status_code for _ in range(3)] == [200, 200, 429]
    assert [call.fault is not None for call in limited.calls] == [False, True, False, False, True]
    assert [call.handled for call in limited.calls] == [True, False, True, True, False]
    limited.heal()
    assert asking.get("/other").status_code == 200


def test_so_many_at_a_time(fake: FakeRest, client: httpx.Client) -> None:
    """Beyond the limit 503, with Retry-After if asked; as soon as one is answered the next may come."""
    may_go = threading.Event()
    inside = threading.Semaphore(0)

    def wait(_request: object) -> str:
        inside.release()
        may_go.wait(5)
        return "done"

    fake.get("/").calls(wait)
    fake.max_concurrency(2, retry_after=7)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(client.get("/").status_code)) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert inside.acquire(timeout=5)

    refused = client.get("/")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "7")
    may_go.set()
    for thread in threads:
        thread.join(5)
    assert answers == [200, 200]
    assert client.get("/").status_code == 200


def test_a_client_that_gave_up_is_not_inside_any_more(fake: FakeRest, client: httpx.Client) -> None:
    """Its place is free though its handler may still run."""
    may_go = threading.Event()
    fake.get("/").calls(lambda _request: may_go.wait(5))
    fake.get("/").max_concurrency(1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(fake.url, timeout=0.05)
    assert fake.calls[0].outcome == "abandoned"
    may_go.set()
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"limit": 0, "per": 1}, "limit=0 is not a count"),
        ({"limit": 1, "per": 0}, "per=0"),
        ({"limit": 1, "per": 1, "algorithm": "leaky"}, "algorithm='leaky'"),
        ({"limit": 1, "per": 1, "burst": 2}, "burst=2 is for algorithm='token_bucket'"),
        ({"limit": 1, "per": 1, "key": "Authorization"}, "key='Authorization' is not a key: valid are 'header:NAME'"),
        ({"limit": 1, "per": 1, "headers": "x"}, "headers='x'"),
    ],
    ids=str,
)
def test_settings_that_cannot_be(fake: FakeRest, settings: dict[str, Any], message: str) -> None:
    """They are refused at the scripting line, on the fake and on a route."""
    for target in (fake, fake.get("/")):
        with pytest.raises(ScriptingError, match=message):
            target.rate_limit(**settings)
    with pytest.raises(ScriptingError, match="limit=0"):
        fake.max_concurrency(0)
    with pytest.raises(ScriptingError, match="retry_after='soon' is not a count"):
        fake.max_concurrency(1, retry_after="soon")  # type: ignore[arg-type]  # what it is for


@pytest.mark.parametrize(
    ("limit", "way_out"),
    [
        (rate_limit(2, 10), r"say rate_limit\(\.\.\., key='header:X-Client'\)"),
        (max_concurrency(2), "inject it into each route"),
    ],
)
def test_a_limit_is_not_parted_by_the_words_of_when(limited: FakeRest, limit: Fault, way_out: str) -> None:
    """They would count how often it is asked; but where they say when it is there, they may."""
    with pytest.raises(ScriptingError, match=f"so that per='header:X-Client' has no effect: {way_out}"):
        limited.inject(limit, every=1, per="header:X-Client")

    limited.inject(limit, times=3, per="header:X-Client")
