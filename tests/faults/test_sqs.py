"""The faults of SQS: their settings, what they yield, and how they are shown."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pytest_integrations.backends.sqs.errors import Refusal
from pytest_integrations.core.effect import Fail, Partly
from pytest_integrations.core.errors import ScriptingError, UnknownName
from pytest_integrations.core.message import Message
from pytest_integrations.core.reply import Reply
from pytest_integrations.faults import sqs
from pytest_integrations.faults.sqs import clock_skew, md5_mismatch, partial_batch, sqs_error
from tests.faults.occasions import call, effect, occasion, tampered

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: sqs_error("OverLimits"), "Did you mean 'OverLimit'"),
        (lambda: sqs_error(503), "unknown SQS error '503'"),  # type: ignore[arg-type]  # what it is for
        (partial_batch, "exactly one of places=, ratio="),
        (lambda: partial_batch(1, 0.5), "exactly one of places=, ratio="),
        (lambda: partial_batch(10), "there is no place 10"),
        (lambda: partial_batch((0, -1)), "places=-1"),
        (lambda: partial_batch(ratio=0), "ratio=0"),
        (lambda: partial_batch(ratio=1.5), "ratio=1.5"),
        (lambda: partial_batch(1, code="no"), "unknown SQS error 'no'"),
        (lambda: clock_skew(300), "five minutes"),
        (lambda: clock_skew(timedelta(seconds=-300)), "five minutes"),
        (lambda: clock_skew(float("inf")), "by=inf is out of range"),
        (lambda: clock_skew("late"), "by='late'"),  # type: ignore[arg-type]  # what it is for
    ],
)
def test_what_cannot_be(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ScriptingError, match=words):
        make()


def test_every_error_is_one_that_the_service_has() -> None:
    assert set(sqs._ERRORS) <= {refusal.name for refusal in Refusal}
    with pytest.raises(UnknownName) as caught:
        sqs_error("?")
    assert caught.value.known == sorted(sqs._ERRORS)


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        (sqs_error("OverLimit"), "sqs_error('OverLimit')"),
        (sqs_error("OverLimit", "no"), "sqs_error('OverLimit', 'no')"),
        (partial_batch((0, 2)), "partial_batch((0, 2))"),
        (partial_batch(ratio=0.5), "partial_batch(ratio=0.5)"),
        (md5_mismatch(), "md5_mismatch()"),
        (clock_skew(-600), "clock_skew(-600)"),
    ],
)
def test_they_are_shown_as_they_are_written(fault: Any, shown: str) -> None:
    assert repr(fault) == shown


def test_an_error_is_told_by_its_name() -> None:
    assert effect(sqs_error("OverLimit", "no"), Fail) == Fail("OverLimit", "no")


def test_places_and_ratios() -> None:
    assert effect(partial_batch(3), Partly).places == (3,)
    assert effect(partial_batch((3, 1)), Partly).places == (3, 1)
    drawn = {tuple(each.places) for seed in range(20) for each in _partly(seed)}
    assert len(drawn) > 5
    assert all(place < 10 for places in drawn for place in places)


def _partly(seed: int) -> list[Partly]:
    return [each for each in partial_batch(ratio=0.3).effects(occasion(seed)) if isinstance(each, Partly)]


def test_a_batch_must_have_the_place() -> None:
    assert not partial_batch(0).acts_on(call())  # no batch at all


def test_only_digests_of_bodies_are_changed() -> None:
    body = b'{"MD5OfBody": "0000000000000000000000000000000f", "Body": "MD5OfBody: x"}'
    changed = tampered(md5_mismatch(), Message.of(Reply.of(body=body)))
    assert changed.body == body.replace(b"00f", b"000")
    untouched = Message.of(Reply.of(body=b"{}"))
    assert tampered(md5_mismatch(), untouched) == untouched


def test_the_dates_of_a_skew() -> None:
    signed = call(**{"X-Amz-Date": "20261125T120000Z"})
    (ahead,) = clock_skew(timedelta(hours=1)).effects(occasion(on=signed))
    assert ahead == Fail(
        "SignatureDoesNotMatch",
        "Signature expired: 20261125T120000Z is now earlier than 20261125T125500Z (20261125T130000Z - 5 min.)",
    )
    (behind,) = clock_skew(-3600).effects(occasion(on=signed))
    assert behind == Fail(
        "SignatureDoesNotMatch",
        "Signature not yet current: 20261125T120000Z is still later than 20261125T110500Z (20261125T110000Z + 5 min.)",
    )
