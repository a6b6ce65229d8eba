"""What stands under a failed test that used a queue: what became of each message."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

BROKER = """
    import pika, pytest
    from pytest_integrations.backends.amqp.fake import FakeAmqp
    from pytest_integrations.assertions import assert_nothing_lost

    @pytest.fixture
    def broker():
        with FakeAmqp() as broker:
            yield broker

    def settle(broker, *how):
        connection = pika.BlockingConnection(pika.URLParameters(broker.url))
        channel = connection.channel()
        for each in how:
            method, _, _ = channel.basic_get("orders")
            if each == "ack":
                channel.basic_ack(method.delivery_tag)
            else:
                channel.basic_reject(method.delivery_tag, requeue=each == "requeue")
        connection.close()
"""


def test_messages_and_the_stories_that_are_worth_telling(run: Run) -> None:
    result = run(
        BROKER
        + """
    def test_it(broker):
        orders = broker.queue("orders", dead_letter=True)
        orders.publish("fine")
        orders.publish("poison")
        settle(broker, "ack", "requeue", "reject")
        assert len(orders.dead_letters) == 0
    """
    )

    result.stdout.fnmatch_lines(
        [
            "*- integration timeline -*",
            "  fake_amqp  * calls on 1 connection, *",
            "",
            "  message 1  to orders  fine    1 delivery    acked",
            "  message 2  to orders  poison  2 deliveries  waits in orders.dead",
            "",
            "  message 2 to orders: poison",
            "     * published  *  to orders",
            "     * dead lettered  try 2  from orders to orders.dead  (rejected)",
            "  now: waits in orders.dead",
            "replay: *",
        ]
    )
    result.stdout.no_fnmatch_line("  message 1 to orders: fine")


def test_what_the_assertion_has_told_is_not_told_again(run: Run) -> None:
    result = run(
        BROKER
        + """
    def test_it(broker):
        orders = broker.queue("orders")
        orders.publish("poison")
        settle(broker, "reject")
        assert_nothing_lost(orders.messages)
    """
    )

    text = result.stdout.str()
    assert text.count("message 1 to orders: poison") == 1
    assert text.count("  message 1  to orders  poison  1 delivery  in no queue, dropped (rejected)") == 1
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_it - 1 of 1 message was lost: message 1 to orders was..."])


def test_of_many_stories_some_are_told(run: Run) -> None:
    result = run(
        BROKER
        + """
    def test_it(broker):
        orders = broker.queue("orders")
        for number in range(30):
            orders.publish(f"order {number}")
        assert 0
    """
    )

    result.stdout.fnmatch_lines(
        ["  ... 10 messages not shown ...", "  the first 3 of 30 stories; fake.messages has them all"]
    )
    assert result.stdout.str().count("now: waits in orders") == 3


def test_a_queue_that_nobody_used_is_not_mentioned(run: Run) -> None:
    result = run(BROKER + "\n    def test_it(broker): assert 0")

    result.stdout.fnmatch_lines(["  no calls reached fake_amqp", "", "replay: *"], consecutive=True)
    result.stdout.no_fnmatch_line("*message*")


def test_messages_of_earlier_tests_stay_there(run: Run) -> None:
    result = run(
        BROKER.replace("@pytest.fixture", '@pytest.fixture(scope="module")')
        + """
    def test_first(broker):
        broker.queue("orders").publish("first")
        assert 0

    def test_second(broker):
        broker.queue("orders").publish("second")
        assert 0
    """
    )

    second = result.stdout.str().partition("test_second ____")[2]
    assert "message 2  to orders  second" in second
    assert "message 1" not in second


def test_the_number_of_messages_goes_into_the_junit_report(run: Run, pytester: pytest.Pytester) -> None:
    run(
        BROKER
        + """
    def test_queue(broker):
        broker.queue("orders").publish("1")

    def test_rest(fake_rest): pass
    """,
        "--junit-xml=report.xml",
    )

    report = (pytester.path / "report.xml").read_text()
    assert report.count('<property name="integrations_messages" value="1"') == 1
    assert report.count("integrations_messages") == 1
    assert report.count("integrations_calls") == 2
