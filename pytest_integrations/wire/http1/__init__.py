"""HTTP/1.1 (RFC 9112) on a transport: httptools reads what clients send, we write what they get, right or wrong."""
