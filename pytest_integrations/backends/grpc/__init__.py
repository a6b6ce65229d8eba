"""The fake gRPC backend.

fake.py      FakeGrpc: what a test holds
schema.py    from a .proto file, generated code or a descriptor set to services; protoc.py compiles
methods.py   what a method answers; answers.py is what may be said, choosing.py for which requests
serving.py   what the wire asks; conversation.py holds one call's part of it
health.py, reflection.py: the services that every gRPC server has
"""
