"""Hard-coded URLs: connections that were meant for another host reach a fake, and all others are refused by name.

    interception   Interception, which a test holds
    origin         what is intercepted: a scheme, a host and a port
    permits        which other hosts may be reached, or are refused in silence
    book           addresses that stand for hosts
    network        the standard library's look-up and connect, led elsewhere
    uvloop         the same for loops that do both in C
    grpc           channels of grpcio, led where they are made
    late           both, where they are imported only then
    trust          our authority's certificate, for those hosts alone

It works below the clients, on `socket` and `ssl`, so that it knows none of them but two that go past these.
What has another library of its own to connect (libcurl, librdkafka) is out of its reach.
"""

from .interception import Interception

__all__ = ["Interception"]
