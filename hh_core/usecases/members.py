"""The members of an organisation, a workspace or a project: invite, accept, set roles, remove.

Every membership is accepted by its own token, which goes from the administrator to the invited and
is shown once. So neither having the account of an e-mail address nor having invited it somewhere
else gives anybody the roles that somebody meant for the person at that address.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from hh_core.domain.authority import Caller
from hh_core.domain.scopes import Role, Scope
from hh_core.ports.records import Records, UnitOfWork
from hh_core.usecases.audit import Audit
from hh_core.usecases.changes import changed
from hh_core.usecases.memberships import ACTIVE, INVITED, Membership, Memberships
from hh_core.usecases.opaque import SECRET_BYTES, Opaque, parse_opaque
from hh_core.usecases.people import (
    MAX_EMAIL,
    NOBODY,
    Passwords,
    People,
    User,
    checked_email,
    checked_password,
)
from hh_core.usecases.revocations import Revocations
from hh_core.usecases.sign_in_throttle import SignInThrottle

INVITATIONS = "invitations"
"""``<scope id>/<user id>``: the digest of the token, and until when it counts."""
TOKEN_PREFIX = "hh_invite_"
INVITATION_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Member:
    user: User
    membership: Membership


@dataclass(frozen=True, slots=True)
class Invited:
    member: Member
    token: str | None
    """None: he is a member already."""
    expires_ms: int | None


class Members:
    """``random`` gives that many bytes of a cryptographic source."""

    def __init__(
        self,
        records: Records,
        people: People,
        memberships: Memberships,
        audit: Audit,
        revocations: Revocations,
        passwords: Passwords,
        throttle: SignInThrottle,
        *,
        now_ms: Callable[[], int],
        random: Callable[[int], bytes],
    ) -> None:
        self._records = records
        self._people = people
        self._memberships = memberships
        self._audit = audit
        self._revocations = revocations
        self._passwords = passwords
        self._throttle = throttle
        self._now_ms = now_ms
        self._random = random

    async def page(self, scope: Scope, *, after: UUID | None, limit: int) -> Sequence[Member]:
        """Raises ``NotFoundError`` if ``after`` is no member."""
        async with self._records.begin() as unit:
            found = await self._memberships.page(unit, scope, after=after, limit=limit)
            return [Member(await self._people.get(unit, each.user_id), each) for each in found]

    async def invite(
        self, actor: Caller | str, action: str, scope: Scope, email: str, roles: Collection[Role]
    ) -> Invited:
        """A second time for the same address: the earlier token is void, the roles are the new
        ones, until the invitation is accepted; a member stays as he is."""
        email = checked_email(email)
        async with self._records.begin() as unit:
            await self._memberships.take_turn(unit, scope.id)
            user = await self._people.invited(unit, email)
            known = await self._memberships.find(unit, scope, user.user_id)
            if known is not None and known.state == ACTIVE:
                return Invited(Member(user, known), None, None)
            user_id = user.user_id
            fresh = await self._memberships.put(unit, scope, user_id, roles, INVITED, known)
            await self._note(unit, actor, action, known, fresh)
            token = Opaque(scope.id, user_id, self._random(SECRET_BYTES))
            expires = self._now_ms() + INVITATION_MS
            value = {"digest": token.digest, "expires_ms": expires}
            await unit.put(INVITATIONS, f"{scope.id}/{user_id}", value)
        return Invited(Member(user, fresh), token.text(TOKEN_PREFIX), expires)

    async def invited(self, token: str) -> User | None:
        """Whom an invitation is for; None for a token that does not count."""
        async with self._records.begin() as unit:
            parsed = await self._open(unit, token)
            return None if parsed is None else await self._people.find(unit, parsed.second)

    async def accept(
        self, token: str, password: str, name: str | None, *, address: str
    ) -> User | None:
        """By ``token``, become a member. ``password`` becomes the person's if he has none, else it
        must be his. None: the token or the password does not count.

        Raises ``RejectedError`` for a new password that is too weak. Throttled as signing in is:
        whoever invites holds a token, and must not guess the password of the invited with it.
        """
        user = await self.invited(token)
        await self._throttle.pay(token[:MAX_EMAIL] if user is None else user.email, address)
        if user is not None and user.password is None:
            checked_password(password, user.email)
            hash_ = await self._passwords.hash(password)
        else:
            hash_ = None
            if not await self._passwords.verify(None if user is None else user.password, password):
                return None
        assert user is not None
        async with self._records.begin() as unit:
            parsed = await self._open(unit, token)
            if parsed is None or not await self._accepted(unit, token, parsed):
                return None
            if hash_ is not None:
                user = await self._people.set_password(unit, user, hash_, name=name or "")
        return user

    async def set_roles(
        self, actor: Caller, action: str, scope: Scope, user_id: UUID, roles: Collection[Role]
    ) -> Member:
        """Raises ``NotFoundError``, and ``ConflictError`` for the last administrator."""
        async with self._records.begin() as unit:
            await self._memberships.take_turn(unit, scope.id)
            known = await self._memberships.get(unit, scope, user_id)
            fresh = await self._memberships.put(unit, scope, user_id, roles, known.state, known)
            if known.is_admin and not fresh.is_admin:
                await self._memberships.require_another_admin(unit, known)
            await self._note(unit, actor, action, known, fresh)
            return Member(await self._people.get(unit, user_id), fresh)

    async def remove(self, actor: Caller, action: str, scope: Scope, user_id: UUID) -> None:
        """He loses his roles here, his open invitation, and every access token issued till now.
        Raises ``NotFoundError``, and ``ConflictError`` for the last administrator."""
        async with self._records.begin() as unit:
            await self._memberships.take_turn(unit, scope.id)
            known = await self._memberships.get(unit, scope, user_id)
            if known.is_admin:
                await self._memberships.require_another_admin(unit, known)
            await self._memberships.delete(unit, known)
            await unit.delete(INVITATIONS, [f"{scope.id}/{user_id}"])
            await self._revocations.end_tokens(unit, user_id)
            await self._note(unit, actor, action, known, None)

    async def _accepted(self, unit: UnitOfWork, text: str, token: Opaque) -> bool:
        found = await self._memberships.at(unit, token.first, token.second)
        if found is None:
            return False
        await self._memberships.take_turn(unit, found.scope.id)
        # whoever had the turn before may have taken the invitation back, or changed it
        if await self._open(unit, text) is None:
            return False
        known = await self._memberships.at(unit, token.first, token.second)
        if known is None or known.state == ACTIVE:
            return False
        roles, user_id = known.roles, known.user_id
        fresh = await self._memberships.put(unit, known.scope, user_id, roles, ACTIVE, known)
        await unit.delete(INVITATIONS, [f"{token.first}/{token.second}"])
        await self._note(unit, f"user/{user_id}", "accept_invitation", known, fresh)
        return True

    async def _open(self, unit: UnitOfWork, text: str) -> Opaque | None:
        """The same reads for any token."""
        token = parse_opaque(text, TOKEN_PREFIX) or Opaque(NOBODY, NOBODY, b"")
        found = await unit.get(INVITATIONS, [f"{token.first}/{token.second}"])
        if not found or not token.matches(found[0].value["digest"]):
            return None
        return token if found[0].value["expires_ms"] > self._now_ms() else None

    async def _note(
        self,
        unit: UnitOfWork,
        actor: Caller | str,
        action: str,
        before: Membership | None,
        after: Membership | None,
    ) -> None:
        member = after or before
        assert member is not None
        await self._audit.note(
            unit,
            actor,
            action,
            f"member/{member.user_id}",
            member.scope,
            None if before is None else before.told(),
            None if after is None else after.told(),
        )
        await changed(unit)
