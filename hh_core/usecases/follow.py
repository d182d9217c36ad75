"""What a data plane does with what its control plane says: verify, apply, keep, acknowledge.

A state machine without I/O of its own. It promises:

F1  Nothing counts that is not signed by the newest key of the chain that this data plane follows,
    for this data plane, by the issuer with which it enrolled.
F2  Older never overwrites newer: a version at or below the applied one changes nothing.
F3  A delta applies only on top of exactly the version it names. After a gap, a wrong digest or
    anything else that is refused, the old configuration stays in force whole, and the answer asks
    for a snapshot.
F4  What is acknowledged is on the disk. What is on the disk after a crash is one whole
    configuration: the old or the new one.
"""

import hmac
from collections.abc import Callable, Iterable
from typing import Protocol

from google.protobuf.message import DecodeError

from hh_core.errors import RejectedError
from hh_core.wire.configuration import (
    FORMAT_VERSION,
    MAX_ITEMS,
    Items,
    check_gone,
    checked_items,
    configuration_of,
    digest_of,
    key_id_of,
    signed_bytes,
    signing_key_of,
)
from hh_core.wire.pb.controller_pb2 import (
    Applied,
    Configuration,
    EnrolResponse,
    Hello,
    Signed,
    SigningKey,
)

Verify = Callable[[bytes, bytes, bytes], bool]
"""Public key (SubjectPublicKeyInfo), message, signature: whether the signature is by that key."""


class Store(Protocol):
    """Where a data plane keeps what it follows. A save is durable and whole, or has not happened;
    it raises ``UnavailableError`` then."""

    def trust(self) -> bytes | None: ...

    def save_trust(self, data: bytes) -> None: ...

    def configuration(self) -> bytes | None: ...

    def save_configuration(self, data: bytes, configuration: Configuration) -> None:
        """``data`` comes back from ``configuration()``; the message says the same, for whoever
        renders it."""
        ...


class Chain:
    """The keys of a control plane: link n + 1 is signed by the key of link n."""

    def __init__(self, issuer: str, links: Iterable[Signed], verify: Verify) -> None:
        """``links`` were verified before they were kept. Raises ``RejectedError`` for none."""
        self.issuer = issuer
        self._links = list(links)
        self._verify = verify
        if not self._links:
            raise RejectedError("signing_key: the chain is empty")
        self._newest = signing_key_of(self._links[-1])

    @property
    def newest(self) -> SigningKey:
        return self._newest

    def signed(self, kind: str, signed: Signed) -> bool:
        """Whether the newest key vouches for it."""
        public = self._newest.public_key
        if signed.key_id != key_id_of(public):
            return False
        return self._verify(public, signed_bytes(kind, signed.body), signed.signature)

    def extended(self, link: Signed) -> "Chain":
        """With ``link`` at the end. Raises ``RejectedError`` unless the newest key signed it."""
        following = signing_key_of(link)
        if following.number != self._newest.number + 1 or not self.signed("SigningKey", link):
            raise RejectedError("signing_key: not the next link")
        return Chain(self.issuer, [*self._links, link], self._verify)

    def serialized(self) -> bytes:
        data: bytes = EnrolResponse(issuer=self.issuer, key_chain=self._links).SerializeToString()
        return data


def trusted_chain(answer: EnrolResponse, fingerprint: str, verify: Verify) -> Chain:
    """The chain of an answer to Enrol, from the key that the one-time token names. Raises
    ``RejectedError`` if it is not by that key: then it is not the control plane that made the
    token."""
    if not answer.key_chain:
        raise RejectedError("signing_key: the chain is empty")
    first, *others = answer.key_chain
    root = signing_key_of(first)
    if not hmac.compare_digest(key_id_of(root.public_key), fingerprint):
        raise RejectedError("signing_key: not the key that the one-time token names")
    chain = Chain(answer.issuer, [first], verify)
    for link in others:
        chain = chain.extended(link)
    return chain


class Follow:
    """One data plane's view of its control plane. Not for use by two threads at once."""

    def __init__(self, dp_id: str, chain: Chain, store: Store) -> None:
        self._dp_id = dp_id
        self._chain = chain
        self._store = store
        self._items: Items = {}
        self._version = 0
        self._digest = digest_of({})
        self._load()

    @property
    def issuer(self) -> str:
        return self._chain.issuer

    @property
    def version(self) -> int:
        """Of the configuration in force; 0: none yet."""
        return self._version

    @property
    def items(self) -> Items:
        return self._items

    def hello(self, release: str) -> Hello:
        return Hello(
            format_version=FORMAT_VERSION,
            dp_id=self._dp_id,
            release=release,
            configuration_version=self._version,
            configuration_digest=self._digest,
            signing_key_number=self._chain.newest.number,
        )

    def signing_key(self, link: Signed) -> str:
        """Follow the chain by one link; '' or why not (a code). One that is known changes
        nothing."""
        try:
            if signing_key_of(link).number <= self._chain.newest.number:
                return ""
            chain = self._chain.extended(link)
        except RejectedError:
            return "signing_key"
        self._store.save_trust(chain.serialized())
        self._chain = chain
        return ""

    def configuration(self, signed: Signed) -> Applied:
        """Apply a snapshot or a delta; what to answer. Raises ``UnavailableError`` if it cannot be
        kept: then it is not in force."""
        if not self._chain.signed("Configuration", signed):
            return self._refused("signature")
        try:
            offered = configuration_of(signed)
        except RejectedError:
            return self._refused("malformed")
        if offered.dp_id != self._dp_id:
            return self._refused("dp_id")
        if offered.issuer != self._chain.issuer:
            return self._refused("issuer")
        if offered.version <= self._version:
            return self._applied()
        if offered.after not in (0, self._version):
            return self._refused("gap")
        return self._apply(offered)

    def _apply(self, offered: Configuration) -> Applied:
        try:
            items = self._combined(offered)
        except RejectedError:
            return self._refused("item")
        digest = digest_of(items)
        if digest != offered.digest:
            return self._refused("digest")
        kept = Configuration(
            dp_id=self._dp_id,
            issuer=self._chain.issuer,
            version=offered.version,
            issued_ms=offered.issued_ms,
            items=[items[name] for name in sorted(items)],
            digest=digest,
        )
        self._store.save_configuration(kept.SerializeToString(), kept)
        self._items, self._version, self._digest = items, offered.version, digest
        return self._applied()

    def _combined(self, offered: Configuration) -> Items:
        changed = checked_items(offered.items)
        gone = check_gone(offered.gone)
        if offered.after == 0:
            if gone:
                raise RejectedError("gone: in a snapshot")
            return changed
        if not gone.isdisjoint(changed):
            raise RejectedError("gone: and there")
        kept = {name: item for name, item in self._items.items() if name not in gone}
        return _bounded(kept | changed)

    def _applied(self) -> Applied:
        return Applied(configuration_version=self._version, configuration_digest=self._digest)

    def _refused(self, code: str) -> Applied:
        answer = self._applied()
        answer.refused = code
        return answer

    def _load(self) -> None:
        """What was kept, if it is whole and of this control plane; else begin with nothing."""
        data = self._store.configuration()
        if data is None:
            return
        try:
            kept = Configuration.FromString(data)
            items = checked_items(kept.items)
        except (DecodeError, RejectedError):
            return
        is_ours = kept.dp_id == self._dp_id and kept.issuer == self._chain.issuer
        if is_ours and digest_of(items) == kept.digest:
            self._items, self._version, self._digest = items, kept.version, kept.digest


def _bounded(items: Items) -> Items:
    if len(items) > MAX_ITEMS:
        raise RejectedError("items: too many")
    return items


def kept_chain(data: bytes, verify: Verify) -> Chain:
    """What ``Chain.serialized`` gave. Raises ``RejectedError`` if it is damaged."""
    try:
        kept = EnrolResponse.FromString(data)
    except DecodeError:
        raise RejectedError("signing_key: the kept chain is damaged") from None
    if not kept.key_chain:
        raise RejectedError("signing_key: the kept chain is damaged")
    return trusted_chain(kept, key_id_of(signing_key_of(kept.key_chain[0]).public_key), verify)
