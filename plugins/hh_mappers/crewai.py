"""CrewAI by OpenLLMetry: ``crewai.crew.*``, ``crewai.task.*``.

https://github.com/traceloop/openllmetry
"""

from hh_core.domain.event import Content, Json
from hh_core.domain.span import AnyValue
from hh_mappers.literals import unpacked_literal
from hh_mappers.placing import covers, give
from hh_mappers.reading import plain
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.whole import Whole

_CREW_KINDS = {"workflow": "chain", "agent": "chain", "task": "chain"}
_TASKS = ("crewai.task.description", "crewai.task.expected_output", "crewai.crew.tasks")
_RESULTS = ("crewai.crew.result", "crewai.agent.result", "crewai.task.result")
_CREW = Routes(
    {
        "crewai.agent.role": Route(plain, "metadata.agent_name"),
        **dict.fromkeys((*_TASKS, *_RESULTS), LARGE),
    },
    {},
)


class CrewAi(Whole):
    """Read late: OpenLLMetry's own names tell some of it in a better form."""

    name = "crewai"
    rank = 92
    kind = "traceloop.span.kind"
    kinds = _CREW_KINDS
    inputs = _TASKS
    outputs = _RESULTS
    marks = frozenset((*_TASKS, *_RESULTS))
    routes = _CREW

    def give_input(self, content: Content, kind: str, key: str, value: AnyValue) -> None:
        _add(content.inputs, key, value)

    def give_output(self, content: Content, kind: str, key: str, value: AnyValue) -> None:
        _add(content.outputs, key, value)


def _add(bucket: dict[str, Json], key: str, value: AnyValue) -> None:
    found = unpacked_literal(value)
    if not covers(bucket, found):
        give(bucket, key.rpartition(".")[2], found, origin=key)
