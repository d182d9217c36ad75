"""Why somebody is not let in, and what he is told about it."""

from hh_core.domain.authority import Caller, Person
from hh_core.domain.policy import Operation
from hh_core.errors import HHError


class UnauthenticatedError(HHError):
    """Nothing valid came with the request (401). Never says why: not even that a key was once
    good."""


class ForbiddenError(HHError):
    """The caller is known, but may not do this (403)."""


def what_is_missing(rule: Operation, caller: Caller) -> str:
    """For the message of a 403: what it would take to do ``rule``."""
    if isinstance(caller, Person):
        roles = " or ".join(sorted(rule.roles)) or "another role"
        return f"this takes the role {roles}; ask an administrator"
    if not rule.keys:
        return "this takes a person who has signed in; an API key cannot do it"
    if caller.kind not in rule.keys:
        return f"this takes a key of the kind {' or '.join(sorted(rule.keys))}"
    if caller.kind.is_fine_grained and rule.permission not in caller.permissions:
        return f"this API key lacks the permission {rule.permission}"
    roles = " or ".join(sorted(rule.roles))
    return f"below its root this API key lends its maker's rights: he lacks the role {roles}"
