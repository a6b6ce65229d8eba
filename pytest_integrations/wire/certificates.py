"""Certificates: one authority for the process, and server contexts with good and bad leaves, made when first needed.

ECDSA throughout, since RSA keys take a hundred times as long to make.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import ssl
import tempfile
import threading
import warnings
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_integrations.core.errors import IntegrationsError

if TYPE_CHECKING:
    import trustme
    from cryptography import x509

__all__ = ["NAMES", "Authority", "interception_authority", "session_authority"]

NAMES = ("localhost", "127.0.0.1", "::1")
"""What a good certificate is valid for."""

_VALIDITY = {
    "": (datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)),
    "expired": (datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC)),
    "not_yet_valid": (datetime(2999, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)),
}
"""From when to when. No clock is asked: certificates are kept, and a test may have frozen the time they are made at."""


class Authority:
    """A certificate authority that clients of the fakes trust, and the server contexts that it has signed."""

    def __init__(self) -> None:
        """Make a new authority; raises `IntegrationsError` where the extra `tls` is not installed."""
        try:
            import trustme
        except ImportError as error:
            msg = "TLS needs trustme: install pytest-integrations[tls]"
            raise IntegrationsError(msg) from error
        self._trustme = trustme
        self._ca = trustme.CA(key_type=trustme.KeyType.ECDSA)
        self._file: Path | None = None
        self._pid = os.getpid()
        self._contexts: dict[tuple[str, str, tuple[str, ...], tuple[str, ...]], ssl.SSLContext] = {}
        self._lock = threading.Lock()

    @property
    def pem(self) -> bytes:
        """The authority's certificate in PEM."""
        return self._ca.cert_pem.bytes()

    @property
    def file(self) -> str:
        """The path of a file with the authority's certificate, for clients that want one; removed at exit."""
        with self._lock:
            if self._file is None:
                with tempfile.NamedTemporaryFile(prefix="fake-ca-", suffix=".pem", delete=False) as file:
                    file.write(self.pem)
                self._file = Path(file.name)
                atexit.register(self._remove_file)
            return str(self._file)

    def _remove_file(self) -> None:
        if self._file is not None and self._pid == os.getpid():  # a child after a fork has it from its parent
            with contextlib.suppress(OSError):
                self._file.unlink()

    def client_context(self) -> ssl.SSLContext:
        """Return a new client context that trusts this authority and no other."""
        return ssl.create_default_context(cadata=self.pem.decode("ascii"))

    def server_context(
        self,
        kind: str = "",
        detail: str = "",
        alpn: tuple[str, ...] = ("http/1.1",),
        names: tuple[str, ...] = NAMES,
    ) -> ssl.SSLContext:
        """Return the server context for a *kind* of handshake, `""` for a good one; made once and kept.

        *names* are the hosts and addresses that its certificate is valid for.
        """
        key = kind, detail, alpn, names
        with self._lock:
            context = self._contexts.get(key)
            if context is None:
                context = self._contexts[key] = self._make_context(*key)
            return context

    def _make_context(self, kind: str, detail: str, alpn: tuple[str, ...], names: tuple[str, ...]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(list(alpn))
        if kind == "self_signed":
            _load(context, *_signed(names[:1]))
        else:
            self._certify(context, kind, names)
        if kind == "client_cert_required":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=self.pem.decode("ascii"))
        if kind == "version":
            # OpenSSL's security level switches old versions off; a server that offers nothing else needs level 0.
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            version = ssl.TLSVersion["TLSv" + detail.replace(".", "_").removesuffix("_0")]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is the point
                context.minimum_version = context.maximum_version = version
        return context

    def _certify(self, context: ssl.SSLContext, kind: str, names: tuple[str, ...]) -> None:
        """Give *context* a certificate for *names*, good but for its *kind*."""
        issuer = self._trustme.CA(key_type=self._trustme.KeyType.ECDSA) if kind == "untrusted_ca" else self._ca
        names = ("wrong.invalid",) if kind == "wrong_host" else names
        begin, end = _VALIDITY.get(kind, _VALIDITY[""])
        try:
            leaf = issuer.issue_cert(*names, key_type=self._trustme.KeyType.ECDSA, not_before=begin, not_after=end)
        except UnicodeError:  # for trustme my_host is no name; resolvers and clients think otherwise
            _load(context, *_signed(names, issuer, kind))
        else:
            leaf.configure_cert(context)


def _load(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Load a chain into *context*; OpenSSL takes it from a file only."""
    with tempfile.TemporaryDirectory(prefix="fake-cert-") as folder:
        path = Path(folder, "chain.pem")
        path.write_bytes(key + certificate)
        context.load_cert_chain(path)


def _signed(names: tuple[str, ...], issuer: trustme.CA | None = None, kind: str = "") -> tuple[bytes, bytes]:
    """Return a certificate for *names* by *issuer*, or one that vouches for itself, and its key, in PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = issuer_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0][:64])])
    signer: Any = key
    if issuer is not None:
        issuer_name = x509.load_pem_x509_certificate(issuer.cert_pem.bytes()).subject
        signer = serialization.load_pem_private_key(issuer.private_key_pem.bytes(), None)
    begin, end = _VALIDITY.get(kind, _VALIDITY[""])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([*map(_alternative, names)]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), secret


def _alternative(name: str) -> x509.GeneralName:
    """Return *name* as a certificate has it, an address as one."""
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("ascii", "replace").decode())


@cache
def interception_authority() -> Authority:
    """Return the authority whose certificates name hosts of others: apart, so that clients trust it for those alone."""
    return Authority()


@cache
def session_authority() -> Authority:
    """Return the authority of this process, made when first asked for."""
    return Authority()
