"""RESP 2 and 3, the protocol of Redis: commands are read as they come in and executed in their order."""
