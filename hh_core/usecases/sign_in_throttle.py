"""How often somebody may try to sign in: for each account, and for each address that tries.

Each has a bucket of tries that refills steadily (GCRA: only the time when it will be full again is
kept). A try is paid before the password is looked at, whether there is such an account or not, so
neither the answer nor its time tells. The right password fills the account's bucket again.
"""

import hashlib
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from hh_core.errors import ConflictError, QuotaError
from hh_core.ports.records import Records
from hh_core.usecases.people import email_key

THROTTLE = "sign-in-throttle"
_PAGE = 500
_TRIES = 5
"""Of one unit of work, when others pay at the same time."""


@dataclass(frozen=True, slots=True)
class Rate:
    burst: int
    """Tries at once."""
    refill_ms: int
    """For one more."""


ACCOUNT = Rate(burst=10, refill_ms=30_000)
ADDRESS = Rate(burst=30, refill_ms=5_000)


class SignInThrottle:
    def __init__(
        self,
        records: Records,
        *,
        now_ms: Callable[[], int],
        account: Rate = ACCOUNT,
        address: Rate = ADDRESS,
    ) -> None:
        self._records = records
        self._now_ms = now_ms
        self._account = account
        self._address = address

    async def pay(self, email: str, address: str) -> None:
        """One try. Raises ``QuotaError`` with the seconds until the next is free."""
        await self._pay(_address_key(address), self._address)
        await self._pay(_account_key(email), self._account)

    async def forgive(self, email: str) -> None:
        """The account's owner has shown himself."""
        async with self._records.begin() as unit:
            await unit.delete(THROTTLE, [_account_key(email)])

    async def expire(self) -> int:
        """Forget full buckets; how many."""
        after, gone = "", 0
        while True:
            async with self._records.begin() as unit:
                found = await unit.find(THROTTLE, after=after, limit=_PAGE)
                full = [each.key for each in found if each.value["full_ms"] <= self._now_ms()]
                if full:
                    await unit.delete(THROTTLE, full)
            gone += len(full)
            if len(found) < _PAGE:
                return gone
            after = found[-1].key

    async def _pay(self, key: str, rate: Rate) -> None:
        for _ in range(_TRIES):
            try:
                return await self._paid(key, rate)
            except ConflictError:
                continue
        raise QuotaError("too many try to sign in at once; wait a moment", retry_after=1.0)

    async def _paid(self, key: str, rate: Rate) -> None:
        async with self._records.begin() as unit:
            found = await unit.get(THROTTLE, [key])
            now = self._now_ms()
            full = max(now, found[0].value["full_ms"] if found else 0) + rate.refill_ms
            over = full - now - rate.burst * rate.refill_ms
            if over > 0:
                message = "too many tries to sign in; wait until the time in Retry-After is over"
                raise QuotaError(message, retry_after=over / 1000)
            version = found[0].version if found else 0
            await unit.put(THROTTLE, key, {"full_ms": full}, expect=version)


def _account_key(email: str) -> str:
    return f"account/{email_key(email.strip())}"


def _address_key(address: str) -> str:
    return f"address/{one_host(address)}"


def one_host(address: str) -> str:
    """A host with IPv6 has at least a /64 of addresses: they are one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return hashlib.sha256(address.encode()).hexdigest()
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False)[0]
    return str(parsed)
