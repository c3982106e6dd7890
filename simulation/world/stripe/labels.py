"""How a platform labels its objects at Stripe: the metadata by which the world recognises contests, users and rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class MetadataNames:
    """Names of metadata keys, as the platform under simulation writes them; the defaults are
    fixtures/spec/platform.md's."""

    contest: str = "contest_id"
    user: str = "user_id"
    rows: tuple[str, ...] = ("payout_transfer_id", "payment_intent_id", "refund_id")
    """Keys whose value is the id of the platform's own row; the first one that is there counts."""

    owners: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Order → user id, for a shop that writes nobody's id on its objects. It fills as people order."""

    def contest_id(self, metadata: Mapping[str, str]) -> str | None:
        return metadata.get(self.contest)

    def user_id(self, metadata: Mapping[str, str]) -> str | None:
        return metadata.get(self.user) or self.owners.get(metadata.get(self.contest, ""))

    def row_id(self, metadata: Mapping[str, str]) -> str | None:
        """The platform's key for the row behind an object."""
        return next((metadata[name] for name in self.rows if name in metadata), None)


DOCUMENTED = MetadataNames()
