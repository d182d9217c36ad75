"""Make ``hh_core/wire/prices.jsonl`` from litellm's published price maps and ``history.toml``.

    python prices/make_book.py WHEEL [OLDER_WHEEL …]

The wheels are litellm's, the newest first; ``pip download --no-deps litellm==VERSION`` gets one. A
model that only an older map has is taken from there: it is sold no more, but history holds it.
litellm itself is needed neither here nor at run time.
"""

import hashlib
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import orjson

HERE = Path(__file__).parent
BOOK = HERE.parent / "hh_core" / "wire" / "prices.jsonl"
MAP = "litellm/model_prices_and_context_window_backup.json"
FORMAT = 1
DIGITS = 12
"""Of a price. Some of a map were binary fractions once: 1.6000000000000001e-06."""

UNITS = {
    "input_cost_per_token": "prompt",
    "output_cost_per_token": "completion",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_read_input_audio_token_cost": "cache_read_audio",
    "input_cost_per_audio_token": "prompt_audio",
    "input_cost_per_image_token": "prompt_image",
    "output_cost_per_audio_token": "completion_audio",
    "output_cost_per_image_token": "completion_image",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_request": "request",
    "input_cost_per_character": "prompt_characters",
}
BY_MODE = {
    "rerank": {"input_cost_per_query": "search_units"},
    "audio_transcription": {"input_cost_per_second": "audio_seconds"},
    "image_generation": {"output_cost_per_image": "images", "input_cost_per_image": "images"},
}
LEFT_OUT = {"video_generation", "ocr", "search", "evaluation", "guardrail", "vector_store"}
SUFFIX = re.compile(
    r"(?P<stem>.+?)(?P<hour>_above_1hr)?(?:_above_(?P<above>\d+)k_tokens)?"
    r"(?:_(?P<tier>batches|priority|flex|ultrafast|balanced))?"
)
SELLERS = {
    "bedrock_converse": "bedrock",
    "bedrock_mantle": "bedrock",
    "cohere_chat": "cohere",
    "text-completion-openai": "openai",
    "azure_text": "azure",
    "fireworks_ai-embedding-models": "fireworks_ai",
}


def main(wheels: list[Path]) -> None:
    maps: list[dict[str, str]] = []
    entries: dict[tuple[str, str], list[Any]] = {}
    for place, wheel in enumerate(wheels):
        version = wheel.name.split("-")[1]
        with ZipFile(wheel) as archive:
            data = archive.read(MAP)
        maps.append({"name": "litellm", "version": version, "sha256": _digest(data)})
        for key, told in orjson.loads(_with_exact_prices(data)).items():
            for line in _line(key, told, place):
                kept = entries.get((line[0], line[1]))
                if kept is None or (kept[3] == place and "/" not in kept[5] and "/" in key):
                    entries[line[0], line[1]] = [*line, key]
    history = list(_history(len(maps)))
    maps.append({"name": "history.toml", "version": _digest((HERE / "history.toml").read_bytes())})
    lines = [*history, *(line[:5] for _, line in sorted(entries.items()))]
    _write(maps, lines)


def _with_exact_prices(data: bytes) -> bytes:
    """Numbers as texts: no price goes through a binary fraction."""
    return re.sub(rb"(?<=: )(-?\d[\d.eE+-]*)(?=[,\n\r }\]])", rb'"\1"', data)


def _line(key: str, told: Mapping[str, Any], place: int) -> Iterator[list[Any]]:
    """Seller, name, prices, place of the map, source."""
    provider, mode = str(told.get("litellm_provider", "")), told.get("mode")
    if key == "sample_spec" or not provider or mode in LEFT_OUT or "commitment" in key:
        return
    found = dict(_prices(told, str(mode)))
    if found:
        seller = SELLERS.get(provider, provider.split("-")[0] if "vertex" in provider else provider)
        name = key.lower()
        first, slash, rest = name.partition("/")
        if slash and first in (provider, seller, "bedrock", "mistral", "fireworks_ai"):
            name = rest
        yield [seller, name, found, place, str(told.get("source", ""))]


def _prices(told: Mapping[str, Any], mode: str) -> Iterator[tuple[str, str]]:
    units = UNITS | BY_MODE.get(mode, {})
    for key, value in told.items():
        found = SUFFIX.fullmatch(key)
        unit = units.get(found["stem"]) if found else None
        if (
            found
            and unit
            and isinstance(value, str)
            and not (found["hour"] and "write" not in unit)
        ):
            yield _priced(unit + ("_1h" if found["hour"] else ""), found, value)
    hit = told.get("input_cost_per_token_cache_hit")
    if hit is not None and "cache_read_input_token_cost" not in told:
        yield "cache_read", _text(hit)
    searches = told.get("search_context_cost_per_query")
    if isinstance(searches, dict) and len(set(searches.values())) == 1:
        yield "web_search_requests", _text(next(iter(searches.values())))
    for step in told.get("tiered_pricing") or ():
        if "range" in step:
            above = int(Decimal(step["range"][0]))
            for key, unit in UNITS.items():
                if key in step:
                    yield f"{unit}>{above}" if above else unit, _text(step[key])


def _priced(unit: str, found: re.Match[str], value: str) -> tuple[str, str]:
    tier = {"batches": "batch"}.get(found["tier"] or "", found["tier"])
    above = f">{found['above']}000" if found["above"] else ""
    return unit + (f"/{tier}" if tier else "") + above, _text(value)


def _text(price: str) -> str:
    exact = Context(prec=DIGITS).create_decimal(price).normalize()
    return "0" if not exact else str(exact)


def _history(place: int) -> Iterator[list[Any]]:
    with (HERE / "history.toml").open("rb") as file:
        told = tomllib.load(file)["price"]
    for price in told:
        rest = dict(price)
        provider, models, source = (rest.pop(name) for name in ("provider", "models", "source"))
        since, until = rest.pop("since", None), rest.pop("until", None)
        found = {of: _text(str(Decimal(each) / 1_000_000)) for of, each in rest.items()}
        days = [day.isoformat() if day else None for day in (since, until)]
        for model in models:
            yield [provider, model, found, place, source, *days]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _write(maps: list[dict[str, str]], lines: list[list[Any]]) -> None:
    sources = sorted({line[4] for line in lines})
    places = {source: place for place, source in enumerate(sources)}
    for line in lines:
        line[4] = places[line[4]]
    body = b"\n".join(orjson.dumps(line, option=orjson.OPT_SORT_KEYS) for line in lines)
    version = f"litellm-{maps[0]['version']}+{_digest(body)[:8]}"
    header = {"format": FORMAT, "version": version, "maps": maps, "sources": sources}
    BOOK.write_bytes(orjson.dumps(header) + b"\n" + body + b"\n")
    print(f"{BOOK}: {version}, {len(lines)} lines, {BOOK.stat().st_size} bytes")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
