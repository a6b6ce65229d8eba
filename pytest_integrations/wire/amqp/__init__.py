"""AMQP 0-9-1 on the wire: frames, the handshake, channels, heartbeats, and what faults do to them."""
