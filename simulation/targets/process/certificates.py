"""A throw-away certificate authority for the external services' host names, and how a backend comes to trust it."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme

_SYSTEM_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
_BUNDLES_OF_PYTHON = ("stripe/data/ca-certificates.crt", "certifi/cacert.pem")
"""Bundles that packages bring along and use whatever the environment says, below ``site-packages``."""


trustme.CA()  # cryptography keeps the class ``datetime`` that it meets first, which must not be a frozen clock's


@dataclass(frozen=True, kw_only=True)
class Authority:
    """The certificate authority of one run. A backend trusts no other: its bundles of others are covered."""

    file: Path
    tls: ssl.SSLContext
    """Server side, with a certificate for every external host."""

    def variables(self) -> dict[str, str]:
        """Variables by which Node, OpenSSL, requests, curl and Go find it."""
        names = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        return dict.fromkeys(names, str(self.file))

    def covered_files(self, programs: Iterable[str]) -> Mapping[str, Path]:
        """Bundles that this authority takes the place of: the machine's, and those of the Pythons that are run."""
        return dict.fromkeys((*_SYSTEM_BUNDLES, *_bundles_of(programs)), self.file)


def meet_the_real_clock() -> None:
    """To be called before the clock is frozen: cryptography keeps the class ``datetime`` that it finds at its first
    signature and refuses every other from then on, so it must meet Python's own first, not the frozen clock's."""
    trustme.CA()


def make_authority(*, folder: Path, hosts: Sequence[str]) -> Authority:
    """A new authority, its certificate in ``folder`` and one certificate for ``hosts``."""
    authority = trustme.CA()
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(tls)
    return Authority(file=file, tls=tls)


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
