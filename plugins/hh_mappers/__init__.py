"""First-party mappers, one module per instrumentation convention."""

from collections.abc import Iterable

from hh_core.domain.event import Mapper
from hh_core.hooks import hookimpl
from hh_mappers.agentops import AgentOps
from hh_mappers.ai_gateway import AiGateway
from hh_mappers.autogen import AutoGen
from hh_mappers.braintrust import Braintrust
from hh_mappers.claude_code import ClaudeCode
from hh_mappers.codex import Codex
from hh_mappers.common import Common
from hh_mappers.crewai import CrewAi
from hh_mappers.genai import GenAi
from hh_mappers.genai_events import GenAiEvents
from hh_mappers.genkit import Genkit
from hh_mappers.google_adk import GoogleAdk
from hh_mappers.haystack import Haystack
from hh_mappers.honeyhive import HoneyHive, HoneyHiveDefault
from hh_mappers.judgment import Judgment
from hh_mappers.laminar import Laminar
from hh_mappers.langfuse import Langfuse
from hh_mappers.langsmith import LangSmith
from hh_mappers.langtrace import Langtrace
from hh_mappers.langwatch import LangWatch
from hh_mappers.litellm import LiteLlm
from hh_mappers.livekit import LiveKit
from hh_mappers.logfire import Logfire
from hh_mappers.mastra import Mastra
from hh_mappers.mcp import Mcp
from hh_mappers.mistral import Mistral
from hh_mappers.mlflow import MlFlow
from hh_mappers.openinference import OpenInference
from hh_mappers.openinference_values import OpenInferenceValues
from hh_mappers.openlit import OpenLit
from hh_mappers.openllmetry import OpenLlmetry, OpenLlmetryValues
from hh_mappers.pipecat import Pipecat
from hh_mappers.pydantic_ai import PydanticAi
from hh_mappers.semantic_kernel import SemanticKernel
from hh_mappers.sessions import Sessions
from hh_mappers.span_names import SpanNames
from hh_mappers.spring_ai import SpringAi
from hh_mappers.strands import Strands
from hh_mappers.trace_ai import TraceAi
from hh_mappers.vector_db import VectorDb
from hh_mappers.vercel_ai import VercelAi


@hookimpl
def hh_mappers() -> Iterable[Mapper]:
    return (
        HoneyHive(),
        Common(),
        Langfuse(),
        LangSmith(),
        LiteLlm(),
        Logfire(),
        MlFlow(),
        VercelAi(),
        AgentOps(),
        Braintrust(),
        Langtrace(),
        LangWatch(),
        TraceAi(),
        Genkit(),
        SpringAi(),
        Mastra(),
        AiGateway(),
        ClaudeCode(),
        Codex(),
        Judgment(),
        CrewAi(),
        LiveKit(),
        Pipecat(),
        OpenLlmetry(),
        OpenInference(),
        PydanticAi(),
        GenAi(),
        Mistral(),
        Strands(),
        SemanticKernel(),
        AutoGen(),
        GoogleAdk(),
        GenAiEvents(),
        Mcp(),
        OpenLit(),
        VectorDb(),
        Haystack(),
        Laminar(),
        OpenInferenceValues(),
        OpenLlmetryValues(),
        SpanNames(),
        HoneyHiveDefault(),
        Sessions(),
    )
