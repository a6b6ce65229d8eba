"""What comes from outside is shown, and is never markup."""

from __future__ import annotations

import pytest

from pytest_integrations.views.markup import Markup, joined, tag, text


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("</script><b>", "&lt;/script&gt;&lt;b&gt;"),
        ("\" onload='x", "&quot; onload=&#x27;x"),
        ("&amp;", "&amp;amp;"),
        ("a\x00b\x1b[31m", r"a\x00b\x1b[31m"),
        ("abc\u202edef\u2066", r"abc\u202edef\u2066"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("two\nlines", "two\nlines"),
        ("größer 注文 ✓", "größer 注文 ✓"),
    ],
)
def test_a_text_is_escaped(plain: str, shown: str) -> None:
    assert text(plain) == shown
    assert tag("b", plain) == f"<b>{shown}</b>"
    assert tag("b", title=plain) == f'<b title="{shown}"></b>'
    assert joined([plain, plain]) == shown * 2


def test_markup_is_put_in_as_it_is() -> None:
    assert tag("p", tag("b", "<"), ">") == "<p><b>&lt;</b>&gt;</p>\n"
    assert isinstance(tag("p"), Markup)


def test_attributes() -> None:
    assert tag("rect", x=1.23456, stroke_width=2, class_="a", rx=None, hidden=False) == (
        '<rect x="1.23" stroke-width="2" class="a"/>'
    )
    assert tag("details", open=True) == "<details open></details>\n"
    assert tag("meta", charset="utf-8", name="x") == '<meta charset="utf-8" name="x">'
