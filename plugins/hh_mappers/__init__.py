"""First-party mappers, one module per instrumentation convention."""

from collections.abc import Iterable

from hh_core.domain.event import Mapper
from hh_core.hooks import hookimpl
from hh_mappers.common import Common
from hh_mappers.genai import GenAi
from hh_mappers.honeyhive import HoneyHive
from hh_mappers.openinference import OpenInference
from hh_mappers.openllmetry import OpenLlmetry


@hookimpl
def hh_mappers() -> Iterable[Mapper]:
    return (HoneyHive(), Common(), OpenLlmetry(), OpenInference(), GenAi())
