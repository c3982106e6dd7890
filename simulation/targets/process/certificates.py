"""A throw-away certificate authority for the external services' host names, and how a backend comes to trust it."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
from cryptography.x509 import load_pem_x509_certificate

_SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
_STORES_OF_JAVA = ("/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts")
"""Debian's and Red Hat's; every Java of theirs leads there."""
_STORE_BESIDE_JAVA = "lib/security/cacerts"
_STORE_NAMES, _STORE_ENDINGS = ("cacerts",), (".jks", ".p12", ".pfx")
"""A file of authorities with such a name is a store of Java's."""
_BUNDLES_OF_PACKAGES = (
    "vendor/stripe/stripe-php/data/ca-certificates.crt",
    "vendor/bundle/ruby/*/gems/stripe-*/lib/data/ca-certificates.crt",
)
"""Bundles that packages of PHP and Ruby bring along and use, below a program's directory."""
_BUNDLES_OF_PYTHON = ("stripe/data/ca-certificates.crt", "certifi/cacert.pem")
"""Bundles that packages bring along and use whatever the environment says, below ``site-packages``."""


trustme.CA()  # cryptography keeps the class ``datetime`` that it meets first, which must not be a frozen clock's


@dataclass(frozen=True, kw_only=True)
class Authority:
    """The certificate authority of one run. A backend trusts no other: its bundles of others are covered."""

    file: Path
    store: Path
    """The same as a store of Java's (PKCS #12, without a password)."""
    tls: ssl.SSLContext
    """Server side, with a certificate for every external host."""

    def variables(self) -> dict[str, str]:
        """Variables by which Node, OpenSSL, requests, curl and Go find it."""
        names = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        return dict.fromkeys(names, str(self.file))

    def covered_files(
        self, programs: Iterable[str], *, directories: Iterable[Path] = (), named: Iterable[Path] = ()
    ) -> Mapping[str, Path]:
        """Bundles that this authority takes the place of: the machine's, those of the Pythons and Javas that are run,
        those that Stripe's packages for PHP and Ruby bring along, and those that target.toml names.

        :param directories: in which programs are started. :param named: ``ca_files``.
        """
        programs = list(programs)
        packages = [
            str(file) for folder in directories for pattern in _BUNDLES_OF_PACKAGES for file in folder.glob(pattern)
        ]
        stores = {*_STORES_OF_JAVA, *_stores_of(programs), *(str(file) for file in named if _is_store(file))}
        bundles = {*_SYSTEM_BUNDLES, *_bundles_of(programs), *packages, *map(str, named)} - stores
        return {**dict.fromkeys(sorted(bundles), self.file), **dict.fromkeys(sorted(stores), self.store)}


def meet_the_real_clock() -> None:
    """To be called before the clock is frozen: cryptography keeps the class ``datetime`` that it finds at its first
    signature and refuses every other from then on, so it must meet Python's own first, not the frozen clock's."""
    trustme.CA()


def make_authority(*, folder: Path, hosts: Sequence[str]) -> Authority:
    """A new authority, its certificate in ``folder`` and one certificate for ``hosts``."""
    authority = trustme.CA()
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    store = folder / "authority.p12"
    certificate = PKCS12Certificate(load_pem_x509_certificate(authority.cert_pem.bytes()), b"simulation")
    store.write_bytes(serialize_java_truststore([certificate], NoEncryption()))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(tls)
    return Authority(file=file, store=store, tls=tls)


def _is_store(file: Path) -> bool:
    return file.name in _STORE_NAMES or file.suffix in _STORE_ENDINGS


def _stores_of(programs: Iterable[str]) -> list[str]:
    """The store of each Java (``<home>/bin/java``) that is run or that ``java`` would be."""
    found: list[str] = []
    for program in (*programs, "java"):
        path = shutil.which(program)
        store = None if path is None else Path(path).resolve().parent.parent / _STORE_BESIDE_JAVA
        if store is not None and store.exists():
            found.append(str(store.resolve()))
    return found


def _bundles_of(programs: Iterable[str]) -> list[str]:
    """CA files in the site-packages next to each program (``<prefix>/bin/program``)."""
    found: list[str] = []
    for program in programs:
        path = shutil.which(program)
        if path is not None:
            libraries = Path(path).absolute().parent.parent / "lib"
            for name in _BUNDLES_OF_PYTHON:
                found += map(str, sorted(libraries.glob(f"python3*/site-packages/{name}")))
    return sorted(set(found))
