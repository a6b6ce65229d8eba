"""Stub."""


def perform(session, call, fields, effects, fault):
    call.handled = True
    said = session.run(fields)
    return None if said is None else session.worded(fields, said)
