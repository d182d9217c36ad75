"""The price book of a data plane: that of the product, with what its configuration file overrides.

Patterns are RE2's: they take time in proportion to the name, whatever they say.
"""

from collections.abc import Callable

import re2

from hh_core.domain.price_book import Override, PriceBook
from hh_core.domain.prices import Entry
from hh_core.errors import ConfigError, RejectedError
from hh_core.wire.price_lines import day_of, digest_of, price_book, prices_of
from hh_data.config import PriceOverride, PricesConfig

ORIGIN = "configuration"


def configured_book(config: PricesConfig) -> PriceBook:
    """Raises ``ConfigError`` that names an override whose pattern or prices do not read."""
    overrides = [_override(place, told) for place, told in enumerate(config.overrides)]
    digest = digest_of([told.model_dump() for told in config.overrides]) if overrides else ""
    return price_book(overrides, digest, prefers_told=config.prefer == "told")


def _override(place: int, told: PriceOverride) -> Override:
    try:
        prices = prices_of(told.prices, by_million=True)
        matches = _matcher(told)
    except (RejectedError, re2.error) as error:
        raise ConfigError(f"prices.overrides[{place}]: {error}") from error
    entry = Entry(
        told.provider,
        told.model,
        prices,
        ORIGIN,
        told.source,
        day_of(told.since.isoformat()) if told.since else None,
        day_of(told.until.isoformat()) if told.until else None,
    )
    return Override(matches, entry, told.project.bytes if told.project else None)


def _matcher(told: PriceOverride) -> Callable[[str, str], bool]:
    provider, model = re2.compile(told.provider), re2.compile(told.model)

    def matches(name: str, asked: str) -> bool:
        return bool(provider.fullmatch(name.lower()) and model.fullmatch(asked.lower()))

    return matches
