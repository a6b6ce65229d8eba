"""A channel without a socket: what the fake's wire would send goes to the client as it is, on the same thread.

    link          connections and streams in memory, which the wire takes for those of HTTP/2
    outcome       how a call ended, as a client tells it from what came
    reading       what a client makes of headers, bytes and trailers
    request       the header fields of a call
    rpc           one call, from the client's side, on the loop
    calls         grpcio's face of a call for threads;  channel: its channel
    aio           the same for asyncio;  aio_channel, aio_interceptors

Answers, faults, deadlines and records are those of the wire itself: there is no second fake.
"""
