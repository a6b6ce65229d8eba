"""RESP, the protocol of Redis, versions 2 and 3: read incrementally, written exactly, executed in the order of arrival."""
