"""How subscribers get their events: two protocols over WebSocket, two over server-sent events, and one in parts."""
