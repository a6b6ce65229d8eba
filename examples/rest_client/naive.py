"""A REST client with requests and urllib3's Retry, as it is often written. It looks careful; the tests tell."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry


class RestClient:
    """Gets and posts JSON."""

    # region client
    def __init__(self, base_url: str, token: str, *, backoff_factor: float = 1.0) -> None:
        self.base_url = base_url
        self.session = requests.Session()
        self.session.headers.update(
            {"Accept": "application/json", "Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        )
        retry = Retry(total=3, backoff_factor=backoff_factor, status_forcelist=[429, 500, 502, 503, 504])
        self.session.mount("http://", HTTPAdapter(max_retries=retry))
        self.session.mount("https://", HTTPAdapter(max_retries=retry))

    def get(self, path: str) -> Any:
        response = self.session.get(self.base_url + path)
        response.raise_for_status()
        return response.json()

    def post(self, path: str, json: Any) -> Any:
        response = self.session.post(self.base_url + path, json=json)
        response.raise_for_status()
        return response.json()

    # endregion
