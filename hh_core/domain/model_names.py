"""One model has many names: as its provider spells it, dated, prefixed, as a cloud's resource.

A name is tried as it was told first, then in simpler forms. Nothing is guessed beyond that: a name
that is in no form in the price book has no price.
"""

import re
from collections.abc import Iterator, Mapping

MAX_MODEL = 256
"""Characters of a name that are looked at."""

_FORMS: Mapping[str, tuple[str, ...]] = {
    "openai": ("openai",),
    "azure": ("azure", "azure_ai"),
    "az.ai.openai": ("azure", "azure_ai"),
    "azure.ai.openai": ("azure", "azure_ai"),
    "azure_openai": ("azure", "azure_ai"),
    "azureopenai": ("azure", "azure_ai"),
    "az.ai.inference": ("azure_ai", "azure"),
    "azure.ai.inference": ("azure_ai", "azure"),
    "azure_ai": ("azure_ai", "azure"),
    "azure_ai_foundry": ("azure_ai", "azure"),
    "anthropic": ("anthropic",),
    "aws.bedrock": ("bedrock",),
    "aws_bedrock": ("bedrock",),
    "amazon_bedrock": ("bedrock",),
    "bedrock_converse": ("bedrock",),
    "aws": ("bedrock",),
    "amazon": ("bedrock",),
    "gcp.gemini": ("gemini", "vertex_ai"),
    "gcp.gen_ai": ("gemini", "vertex_ai"),
    "google": ("gemini", "vertex_ai"),
    "google_gla": ("gemini", "vertex_ai"),
    "google_genai": ("gemini", "vertex_ai"),
    "google_generative_ai": ("gemini", "vertex_ai"),
    "google_ai_studio": ("gemini", "vertex_ai"),
    "gemini": ("gemini", "vertex_ai"),
    "gcp.vertex_ai": ("vertex_ai", "gemini"),
    "gcp": ("vertex_ai", "gemini"),
    "google_vertex": ("vertex_ai", "gemini"),
    "google_vertexai": ("vertex_ai", "gemini"),
    "google.vertex": ("vertex_ai", "gemini"),
    "vertex": ("vertex_ai", "gemini"),
    "vertexai": ("vertex_ai", "gemini"),
    "vertex_ai": ("vertex_ai", "gemini"),
    "cohere": ("cohere",),
    "cohere_chat": ("cohere",),
    "mistral": ("mistral",),
    "mistral_ai": ("mistral",),
    "mistralai": ("mistral",),
    "x_ai": ("xai",),
    "xai": ("xai",),
    "deepseek": ("deepseek",),
    "groq": ("groq",),
    "perplexity": ("perplexity",),
    "together": ("together_ai",),
    "together_ai": ("together_ai",),
    "togetherai": ("together_ai",),
    "fireworks": ("fireworks_ai",),
    "fireworks_ai": ("fireworks_ai",),
    "ibm.watsonx.ai": ("watsonx",),
    "ibm_watsonx": ("watsonx",),
    "watsonx": ("watsonx",),
    "voyage": ("voyage",),
    "voyageai": ("voyage",),
    "voyage_ai": ("voyage",),
    "moonshot": ("moonshot",),
    "moonshot_ai": ("moonshot",),
    "moonshotai": ("moonshot",),
    "alibaba": ("dashscope",),
    "dashscope": ("dashscope",),
    "qwen": ("dashscope",),
    "z_ai": ("zai",),
    "zhipu": ("zai",),
    "nvidia": ("nvidia_nim",),
    "jina": ("jina_ai",),
}
"""What spans call a provider (OpenTelemetry's ``gen_ai.provider.name`` and ``gen_ai.system``, names
of SDKs and frameworks), and whose prices hold then."""

HOMES = (
    "openai",
    "anthropic",
    "gemini",
    "vertex_ai",
    "mistral",
    "cohere",
    "deepseek",
    "xai",
    "voyage",
    "perplexity",
    "moonshot",
    "bedrock",
)
"""Who sells models of their own: where nothing tells who sold a call, their names for it count."""

SPOKEN_BY_OTHERS = frozenset({"openai"})
"""Instrumentors name this provider for whoever speaks its protocol."""

NO_SELLERS = frozenset(
    {
        *("", "_other", "other", "unknown", "custom", "none", "gateway", "proxy"),
        *("langchain", "langgraph", "llama_index", "llamaindex", "haystack", "dspy", "instructor"),
        *("autogen", "ag2", "agno", "crewai", "smolagents", "strands", "strands_agents", "mastra"),
        *("semantic_kernel", "pydantic_ai", "agent_framework", "microsoft.agent_framework"),
        *("litellm", "portkey", "helicone", "traceloop", "vercel", "spring_ai", "google_adk"),
    }
)
"""Frameworks and gateways that spans name as the provider: they sell nothing. Any other name that
is not known is taken for a seller whose prices are not known."""

VENDORS = ("anthropic", "amazon", "meta", "mistral", "cohere", "ai21", "deepseek", "openai", "qwen")
"""Whose models Bedrock sells; its names begin with them, and some instrumentors cut that off."""

_DATED = re.compile(r"(.+?)[-@](?:20\d{6}|20\d\d-\d\d-\d\d)")
_VERSION = re.compile(r"(.+)-(?:\d{3}|latest)")
_REGION = re.compile(r"(?:us|us-gov|eu|apac|jp|au|ca|sa|global)\.(.+)")
_TUNED = re.compile(r"(ft:[^:]+):.*")


def sellers(provider: str, known: frozenset[str]) -> tuple[str, ...]:
    """Whose prices hold for what a span calls its provider; of those that ``known`` has."""
    name = _spelt(provider)
    while name:
        if name in _FORMS:
            return tuple(seller for seller in _FORMS[name] if seller in known)
        if name in known:
            return (name,)
        name = name.rpartition(".")[0]  # "openai.chat", as some SDKs say
    return ()


def is_open(provider: str) -> bool:
    """Whether the name leaves open who sold the call."""
    name = _spelt(provider)
    return name in NO_SELLERS or name.partition(".")[0] in SPOKEN_BY_OTHERS


def _spelt(provider: str) -> str:
    return provider.strip().lower()[:MAX_MODEL].replace("-", "_").replace(" ", "_")


def forms(model: str) -> Iterator[tuple[str, str]]:
    """Names under which a model may stand, each with how it came about (empty: as told)."""
    name = model.strip().lower()[:MAX_MODEL]
    for told, how in _bare(name):
        yield told, how
        for pattern, why in (
            (_DATED, "without its date"),
            (_VERSION, "without its version"),
            (_TUNED, "the model that was tuned"),
        ):
            found = pattern.fullmatch(told)
            if found:
                yield found[1], f"{how}, {why}" if how else why


def _bare(name: str) -> Iterator[tuple[str, str]]:
    """A name, and that within it where it is a path."""
    yield name, ""
    if name.startswith("arn:"):
        name = name.rpartition("/")[2]
        yield name, "of the resource's name"
    region = _REGION.fullmatch(name)
    if region:
        yield region[1], "without its region"
    if name.startswith("models/"):
        yield name[len("models/") :], "of the resource's name"
    elif "/models/" in name and not name.startswith("accounts/"):
        yield name.rpartition("/models/")[2], "of the resource's name"
