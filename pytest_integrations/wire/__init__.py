"""How things go wrong: real sockets, one I/O thread, and a protocol a file.

    loop                    the one thread: a selector, a heap of timers, a way in for other threads
    transport, listener     asyncio-shaped connections, and the ports that they come in by
    tls, certificates       the same over TLS, with a certificate authority of the session
    performance             bytes in time: what to send, when, and where to stop
    http1, http2            the two versions of HTTP that are spoken on TCP
    preface                 which of them a client speaks

The wire performs effects and knows no fault by name.
"""
