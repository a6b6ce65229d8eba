"""One name for operations that differ only by an id."""

from __future__ import annotations

import pytest

from pytest_integrations.views.general_names import general_name


@pytest.mark.parametrize(
    ("name", "general"),
    [
        ("POST /charges", "POST /charges"),
        ("GET /users/1021", "GET /users/1021"),
        ("INCRBY calls:ada:29927743", "INCRBY calls:ada:<n>"),
        ("GET /users/0192d3ab-8f0e-7a61-b1c2-1f6f5d9f3f10/orders", "GET /users/<id>/orders"),
        ("SUBSCRIBE amq_0fe1a2b3c4d5e6f7a8", "SUBSCRIBE amq_<id>"),
        ("query deadbeefdeadbeefdead", "query deadbeefdeadbeefdead"),
        ("GET /" + "a" * 300, "GET /" + "a" * 154 + "…"),
    ],
)
def test_what_it_is_about_is_left_out(name: str, general: str) -> None:
    """Long numbers, UUIDs and hexadecimal ids; words that look like one are left alone."""
    assert general_name(name) == general
