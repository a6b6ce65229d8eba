"""Stub."""


class Journal:
    def __init__(self, name, ledger, look):
        self.routes = {}

    def told(self):
        return None

    def settle(self, session):
        pass

    def left(self, session):
        pass
