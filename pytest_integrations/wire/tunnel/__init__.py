"""Bytes that are passed on: from a client to a server elsewhere and back, with what goes wrong on the way.

tunnel   one connection: two sides, and a link each way
link     one direction: from its source through its stages to its destination
stages   what holds bytes up or ends a stream, one class for each effect
record   what the ledger is told
service  the fake behind it
"""
