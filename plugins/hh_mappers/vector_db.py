"""Spans of vector databases by OpenLLMetry and OpenLIT: ``db.system`` and what was found.

Each result of a query is a span event, ``db.query.result`` or ``db.search.result``.
"""

from collections.abc import Mapping

from hh_core.domain.event import Content, Json, Step
from hh_core.domain.paths import json_value
from hh_core.domain.rules import Kind, Rules
from hh_core.domain.span import Keys, Span, SpanEvent
from hh_mappers.placing import offer
from hh_mappers.reading import unpacked
from hh_mappers.routes import Prepared

_MARKS = frozenset({"db.system", "db.system.name", "db.vector.query.top_k"})
_PREFIXES = (
    "db.chroma.",
    "db.milvus.",
    "db.marqo.",
    "pinecone.",
    "qdrant.",
    "weaviate.",
    "db.lance",
)
_RESULTS = ("db.query.result", "db.search.result", "db.pinecone.query.result")
_EMBEDDINGS = ("db.query.embeddings", "db.search.embeddings", "db.pinecone.query.embeddings")
_QUERIES = ("db.marqo.search.query", "pinecone.query.queries")


class VectorDb(Prepared):
    name = "vector-db"
    rank = 70

    def prepare(self, keys: Keys) -> Step | None:
        if _MARKS.isdisjoint(keys) and not any(key.startswith(_PREFIXES) for key in keys):
            return None
        return Rules(frozenset(_QUERIES).intersection(keys), kinds=(Kind("", (), "tool"),))

    def content(self, span: Span, content: Content) -> None:
        for key in _QUERIES:
            if key in span.attributes:
                offer(content, "inputs", "query", unpacked(span.attributes[key]), origin=key)
        found = [_members(event) for event in span.events if event.name in _RESULTS]
        if found:
            offer(content, "outputs", "documents", found, origin="")
        vectors = [_members(event) for event in span.events if event.name in _EMBEDDINGS]
        if vectors:
            given = [v["vector"] if v.keys() == {"vector"} else v for v in vectors]
            offer(content, "inputs", "embeddings", given, origin="")


def _members(event: SpanEvent) -> Mapping[str, Json]:
    """``db.query.result.document`` as ``document``."""
    pairs = ((key.rpartition(".")[2], value) for key, value in event.attributes.items())
    return {
        key: unpacked(value) if key == "metadata" else json_value(value) for key, value in pairs
    }
