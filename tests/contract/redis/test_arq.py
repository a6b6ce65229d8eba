"""arq on the fake, in an environment of its own: it needs a redis-py that the other clients have left behind."""

from __future__ import annotations

import subprocess
import sys
import venv
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.redis import FakeRedis

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.frameworks, pytest.mark.usefixtures("no_leaks")]

JOBS = """
import asyncio, sys
from arq import create_pool, Retry
from arq.connections import RedisSettings
from arq.worker import Worker, func

done, tries = [], []

async def add(ctx, one, other):
    done.append(one)
    return one + other

async def shaky(ctx):
    tries.append(ctx["job_try"])
    if len(tries) < 3:
        raise Retry(defer=0)
    return "done"

async def poison(ctx):
    raise ValueError("poison")

async def main(url):
    pool = await create_pool(RedisSettings.from_dsn(url))
    jobs = [await pool.enqueue_job("add", number, 1) for number in range(20)]
    last = await pool.enqueue_job("shaky")
    bad = await pool.enqueue_job("poison")
    worker = Worker([add, shaky, poison], redis_pool=pool, burst=True, poll_delay=0.01, handle_signals=False)
    await worker.async_run()
    assert [await job.result(timeout=5) for job in jobs] == [number + 1 for number in range(20)]
    assert sorted(done) == list(range(20))
    assert await last.result(timeout=5) == "done" and tries == [1, 2, 3]
    assert (await bad.result_info()).success is False
    await worker.close()
    print("all done")

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has arq."""
    place = tmp_path_factory.mktemp("arq")
    venv.create(place, with_pip=False)
    python = place / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "arq", "redis<6"]
    made = subprocess.run(install, capture_output=True, text=True, timeout=240, check=False)
    if made.returncode:
        pytest.skip(f"arq cannot be installed here: {made.stderr[-300:]}")
    return python


def test_arq_does_every_job_and_retries_a_failing_one(python: Path, tmp_path: Path) -> None:
    script = tmp_path / "jobs.py"
    script.write_text(JOBS, encoding="utf-8")
    with FakeRedis() as fake:
        ran = subprocess.run([python, script, fake.url], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.strip() == "all done", ran.stderr
