"""HTTP/2 (RFC 9113) on the I/O thread: connections, streams, and what is served on them."""
