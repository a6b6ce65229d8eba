"""A client of a stock, for the tables of the tests."""

from __future__ import annotations

import time

import requests

__all__ = ["Stock"]


class Stock:
    """A client that tries three times, and waits 1 s and 2 s between them."""

    def __init__(self, url: str) -> None:
        self.url = url

    def left(self, sku: str) -> int:
        for attempt in range(3):
            with requests.get(f"{self.url}/stock/{sku}", timeout=2) as response:
                if response.ok or attempt == 2:
                    response.raise_for_status()
                    return int(response.json()["left"])
            time.sleep(2**attempt)
        raise AssertionError
