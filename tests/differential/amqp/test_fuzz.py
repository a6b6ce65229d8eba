"""The fake and RabbitMQ under the same random load: every answer, delivery, return, confirm and length is the same."""

from __future__ import annotations

import os
import random
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp

from .load import Load, perform, topology
from .rabbitmq import is_installed, rabbitmq
from .world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.differential,
    pytest.mark.skipif(not is_installed(), reason="no rabbitmq-server is installed"),
    pytest.mark.timeout(0),
]

STEPS = int(os.environ.get("AMQP_FUZZ_STEPS", "5000"))
STEPS_A_TOPOLOGY = 60


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as port:
        yield port


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_fake_does_what_rabbitmq_does(real: int, seed: int) -> None:
    draw = random.Random(seed)
    with FakeAmqp(version="3.12") as broker, ExitStack() as stack:
        theirs, ours = stack.enter_context(World(real)), stack.enter_context(World(broker.port))
        for number in range(STEPS // STEPS_A_TOPOLOGY):
            plan = topology(draw, number)
            for world in (theirs, ours):
                world.declare(plan.parts)
            load = Load(draw, number, plan)
            story: list[object] = []
            for _ in range(STEPS_A_TOPOLOGY):
                step = load.step()
                story.append(step)
                expected, got = perform(theirs, *step), perform(ours, *step)
                assert got == expected, "\n".join(
                    map(repr, (*plan.parts, *story[-12:], "fake:", *got, "RabbitMQ:", *expected))
                )
                story.append(got)
            for world in (theirs, ours):
                world.clear()
