"""gRPC over HTTP/2, as gRPC's `PROTOCOL-HTTP2.md` has it: messages, metadata, compression, and how calls end."""
