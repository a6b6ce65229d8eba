"""Messages of gRPC as bytes, where there is more to say of them than what they are."""

from __future__ import annotations

__all__ = ["Uncompressed"]


class Uncompressed(bytes):
    """The bytes of a reply that goes out as it is, whatever the compression of the fake that sends it.

    A server may choose for each message; real ones do for those that are small, or compressed already.

    ```python
    import grpc
    from pytest_integrations import FakeGrpc, Uncompressed

    orders = 'syntax = "proto3"; message Id { string id = 1; } service Orders { rpc List(Id) returns (stream Id); }'
    with FakeGrpc(compression="gzip") as fake:
        orders = fake.load(orders)
        small = orders.List.schema.reply(id="o1").SerializeToString()
        orders.List.reply_stream([{"id": "o" * 1000}, Uncompressed(small)])
        with grpc.insecure_channel(fake.target) as channel:
            assert len(list(channel.unary_stream("/Orders/List")(b"", timeout=5))) == 2
    ```
    """

    __slots__ = ()
