"""The public names as a user's type checker sees them: checked by mypy and pyright, never run."""

from typing import assert_type

from pytest_integrations import Call, Calls, FakeRest


def a_fake_is_a_context_manager_of_its_own_type() -> None:
    with FakeRest("payments") as payments:
        assert_type(payments, FakeRest)
        assert_type(payments.url, str)
        assert_type(payments.calls, Calls)
        for call in payments.calls:
            assert isinstance(call, Call)


def a_route_answers_and_can_be_asked() -> None:
    with FakeRest() as payments:
        route = payments.post("/charges").reply(201, json={"id": "ch_1"})
        assert_type(route.received, Calls)
