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


def goes_round_for_ever(broker: FakeAmqp) -> bool:
    """Tell whether a message is in a circle of dead letters that RabbitMQ does not find.

    It believes that somebody rejects the message each time, since an old rejection is still in its headers, and moves
    it for ever, some 50,000 times until the next command. The fake moves it 1,000 times.
    """
    return any(message.events[-1].reason == "endless dead-letter cycle" for message in broker.messages)


@pytest.mark.parametrize("part", range(1, PARTS + 1))
@pytest.mark.parametrize("seed", range(1, 6))
def test_the_fake_does_what_rabbitmq_does(real: int, seed: int, part: int) -> None:
    draw = random.Random(f"{seed} {part}")
    with FakeAmqp(version="3.12") as broker, ExitStack() as stack:
        theirs, ours = stack.enter_context(World(real)), stack.enter_context(World(broker.port))
        for number in range(math.ceil(STEPS / PARTS / STEPS_A_TOPOLOGY)):
            label = f"{seed}{part}{number}"
            plan = topology(draw, label)
            for world in (theirs, ours):
                world.declare(plan.parts)
            load = Load(draw, label, plan)
            story: list[object] = []
            for _ in range(STEPS_A_TOPOLOGY):
                step = load.step()
                story.append(step)
                expected, got = perform(theirs, *step), perform(ours, *step)
                if goes_round_for_ever(broker):
                    break
                assert got == expected, "\n".join(
                    map(repr, (*plan.parts, *story[-12:], "fake:", *got, "RabbitMQ:", *expected))
                )
                story.append(got)
            for world in (theirs, ours):
                world.clear()
