"""Where plugins join in. A hook hands over objects once; hot paths call the objects."""

from collections.abc import Iterable
from typing import Protocol, cast

import pluggy

from hh_core.domain.event import Mapper
from hh_core.errors import ConfigError

hookspec = pluggy.HookspecMarker("hh")
hookimpl = pluggy.HookimplMarker("hh")

GROUP = "hh.plugins"


class Hooks(Protocol):
    """The hooks as the host calls them: each returns one answer per plugin that has one."""

    def hh_mappers(self) -> list[Iterable[Mapper]]: ...


class _Specs:
    """The hooks as a plugin writes them."""

    @hookspec
    def hh_mappers(self) -> Iterable[Mapper]:  # type: ignore[empty-body]  # pluggy never calls it
        """Offer mappers. Called once per process; names must be unique across plugins."""


def load_plugins(*, blocked: Iterable[str] = ()) -> Hooks:
    """Load every installed plugin except ``blocked``, and refuse one whose hooks are misspelt."""
    manager = pluggy.PluginManager("hh")
    manager.add_hookspecs(_Specs)
    for name in blocked:
        manager.set_blocked(name)
    try:
        manager.load_setuptools_entrypoints(GROUP)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise ConfigError(str(error)) from error
    return cast(Hooks, manager.hook)


def load_mappers(*, blocked: Iterable[str] = ()) -> tuple[Mapper, ...]:
    """All mappers of all plugins, in order of rank. Two of one name are a ``ConfigError``."""
    offers = [mapper for offer in load_plugins(blocked=blocked).hh_mappers() for mapper in offer]
    names = [mapper.name for mapper in offers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"two plugins offer a mapper called {', '.join(twice)}; block one")
    return tuple(sorted(offers, key=lambda mapper: (mapper.rank, mapper.name)))
