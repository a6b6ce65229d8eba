"""The fake and RabbitMQ under the same random load: every answer, delivery, return, confirm and length is the same."""

from __future__ import annotations

import math
import os
import random
from contextlib import ExitStack

import pytest

from pytest_integrations.backends.amqp.fake import FakeAmqp

from .load import Load, perform, topology
from .world import World

pytestmark = [pytest.mark.differential, pytest.mark.timeout(0)]

STEPS = int(os.environ.get("AMQP_FUZZ_STEPS", "5000"))
"""How many operations each seed has at least."""
STEPS_A_TOPOLOGY = 60
PARTS = 4
"""In how many tests those of a seed are done."""


@pytest.mark.parametrize("part", range(1, PARTS + 1))
@pytest.mark.parametrize("seed", range(1, 6))
def test_the_fake_does_what_rabbitmq_does(real: int, seed: int, part: int) -> None:
    draw = random.Random(f"{seed} {part}")
    with FakeAmqp(version="3.12") as broker, ExitStack() as stack:
        theirs, ours = stack.enter_context(World(real)), stack.enter_context(World(broker.port))
        for number in range(math.ceil(STEPS / PARTS / STEPS_A_TOPOLOGY)):
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
