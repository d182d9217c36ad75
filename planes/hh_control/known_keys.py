"""The API keys that count at the control plane."""

from hh_control.key_authentication import KeyAuthentication
from hh_core.domain.authority import ApiKey
from hh_core.usecases.places import Places


class KnownKeys:
    """A key whose organisation, workspace or project is archived does not count."""

    def __init__(self, keys: KeyAuthentication, places: Places) -> None:
        self._keys = keys
        self._places = places

    async def find(self, key: str) -> ApiKey | None:
        """The key that counts now; None for any other."""
        found = await self._keys.find(key)
        if found is None or await self._places.find(found.root.level, found.root.id) is None:
            return None
        return found
