"""The ground floor: plain Python on the standard library, no sockets, no pytest.

call, connection, ledger   what crossed the wire, written once, read by everybody
effect, message, reply     what a wire can be told to do, and the bytes it is told to do it to
fault, when, script        what goes wrong, and in which call
clock, seed                the only files that may read a clock or draw at random
registry, errors           names to objects, and everything this package raises
watch                      who is told that a fake has started
"""
