from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_integrations.assertions.bodies import alike, alike_as_far_as_read, as_far_as_read, is_cut

if TYPE_CHECKING:
    from pytest_integrations.core.call import HttpCall
    from tests.assertions.ledgers import HandLedger


def _form(ledger: HandLedger, at: float, boundary: str, *, read: int | None = None, text: str = "a") -> HttpCall:
    """Record an upload of *text*, of which the fake has *read* so many bytes."""
    body = f"--{boundary}\r\n\r\n{text}\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Content-Length": str(len(body))}
    return ledger.call(at, 503, "POST /files", body=body[:read], headers=headers)


def test_a_form_is_the_same_with_another_boundary(ledger: HandLedger) -> None:
    first, again, other = _form(ledger, 0, "b-1"), _form(ledger, 1, "b-2"), _form(ledger, 2, "b-3", text="b")
    assert alike(first) == alike(again) != alike(other)


def test_one_that_was_read_in_part_is_compared_as_far_as_it_was(ledger: HandLedger) -> None:
    half, whole, other = _form(ledger, 0, "b-1", read=12), _form(ledger, 1, "b-2"), _form(ledger, 2, "b-3", text="b")
    assert [is_cut(each) for each in (half, whole)] == [True, False]
    assert as_far_as_read(half, whole) == (half.body, half.body)
    assert alike_as_far_as_read(half, whole)
    assert not alike_as_far_as_read(half, other)
