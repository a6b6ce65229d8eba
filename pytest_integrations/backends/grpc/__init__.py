"""The fake gRPC backend, a concept a file.

What a test holds:

    fake.py        FakeGrpc
    services.py    the services, whose methods are attributes; methods.py: what a method answers, and what goes wrong
    answers.py     what may be said of an answer, errors.py that it fails, conditions.py for which requests it is

What is behind that:

    schema.py      from generated code or a descriptor set to services; protoc.py compiles .proto files to such a set
    serving.py     what the wire asks; conversation.py holds one call's part of it, computed.py asks callables
    host.py        a real servicer behind the fake; host_server.py: on grpcio; host_load.py: how much of it runs
    health.py      a service that every server has, as is reflection.py; builtin_schema.py: what they say of themselves
"""
