"""WebSocket (RFC 6455) on a transport: wsproto reads what clients send, and broken frames are written by us."""
