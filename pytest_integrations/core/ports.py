"""The ports that are meant where a URL names none, and the schemes that speak TLS."""

from __future__ import annotations

__all__ = ["PORTS", "TLS_SCHEMES"]

PORTS = {
    "amqp": 5672, "amqps": 5671, "ftp": 21, "http": 80, "https": 443, "imap": 143, "imaps": 993, "ldap": 389,
    "ldaps": 636, "mariadb": 3306, "memcached": 11211, "mongodb": 27017, "mqtt": 1883, "mqtts": 8883, "mysql": 3306,
    "nats": 4222, "postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379, "smtp": 25, "smtps": 465,
    "ws": 80, "wss": 443,
}  # fmt: skip
"""By scheme."""

TLS_SCHEMES = frozenset({"amqps", "grpcs", "https", "imaps", "ldaps", "mqtts", "rediss", "smtps", "wss"})
"""Whose connections begin with a TLS handshake."""
