"""Ids as a person types them: the whole, or the beginning of one."""

from hh_cli.client import Client
from hh_core.errors import NotFoundError, RejectedError

MOST = 1000
SHOWN = 5


def session_id(client: Client, given: str) -> str:
    """The one session whose id is ``given`` or begins with it; ``given`` itself if there is none.

    Raises ``RejectedError`` that names some of them if there are several.
    """
    sessions = {"field": "event_type", "operator": "is", "value": "session", "type": "string"}
    return _whole(client, "session_id", given, sessions)


def event_id(client: Client, given: str) -> str:
    """The same for an event."""
    return _whole(client, "event_id", given)


def newest_model_event(client: Client) -> str:
    """Raises ``NotFoundError`` if there is none."""
    models = {"field": "event_type", "operator": "is", "value": "model", "type": "string"}
    found = client.post("/v1/events/search", {"filters": [models], "limit": 1})["events"]
    if not found:
        raise NotFoundError("no call of a model has arrived yet; send traces, or try: hh demo")
    return str(found[0]["event_id"])


def _whole(client: Client, field: str, given: str, *among: dict[str, str]) -> str:
    def found(operator: str, limit: int) -> set[str]:
        condition = {"field": field, "operator": operator, "value": given, "type": "string"}
        body = {"filters": [*among, condition], "limit": limit}
        answer = client.post("/v1/events/search", body)
        return {str(event[field]) for event in answer["events"]}

    if found("is", 1):
        return given
    begun = sorted(each for each in found("contains", MOST) if each.startswith(given))
    if len(begun) > 1:
        some = ", ".join(begun[:SHOWN]) + (", …" if len(begun) > SHOWN else "")
        raise RejectedError(f"{len(begun)} ids begin with {given!r}; write more of it: {some}")
    return begun[0] if begun else given
