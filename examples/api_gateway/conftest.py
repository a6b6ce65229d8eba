"""The gateway's neighbours, each a fake of its own, and all in one ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from examples.grpc_client.schema import PROTO

if TYPE_CHECKING:
    from pytest_integrations import FakeGrpc, FakeRedis, FakeRest, Fakes


@dataclass(frozen=True)
class Neighbours:
    """Whom the gateway asks."""

    auth: FakeRest
    limits: FakeRedis
    stock: FakeRest
    orders: FakeGrpc
    jobs: FakeRedis

    @property
    def addresses(self) -> dict[str, Any]:
        return {
            "auth": self.auth.url,
            "limits": self.limits.url,
            "stock": self.stock.url,
            "orders": self.orders.target,
            "jobs": self.jobs.url,
        }


@pytest.fixture
def neighbours(fakes: Fakes) -> Neighbours:
    found = Neighbours(
        fakes.rest("auth"), fakes.redis("limits"), fakes.rest("stock"), fakes.grpc("orders"), fakes.redis("jobs")
    )
    found.auth.post("/introspect").calls(introspect)
    found.stock.get("/tea").reply(json={"left": 3})
    found.orders.load(PROTO).Get.reply(id="o1", book="Dune")
    found.jobs.queue("mails", kind="stream")
    return found


def introspect(request: Any) -> dict[str, Any]:
    """RFC 7662: whether a token is good, and whose it is."""
    owners = {"token of ada": "ada", "token of grace": "grace"}
    owner = owners.get(request.form["token"])
    return {"active": True, "client_id": owner} if owner else {"active": False}
