"""Which object of dispatch and of the read API gets which. Ports come in open; lifetimes are
elsewhere. The door has a container of its own, so that ingest loads only what it needs."""

from dependency_injector import containers, providers

from hh_core.domain.mapping import Mapping
from hh_core.hooks import load_mappers
from hh_core.ports.analytics import Analytics
from hh_core.ports.objects import Objects
from hh_core.ports.queue import Queue
from hh_core.ports.records import Records
from hh_core.usecases.belonging import Belonging
from hh_core.usecases.catalogue import Catalogue
from hh_core.usecases.content import Content
from hh_core.usecases.costs import Costs
from hh_core.usecases.cursors import Cursors
from hh_core.usecases.derivations import Derivations
from hh_core.usecases.dispatch import Dispatch, DispatchLimits, IndexSegments
from hh_core.usecases.freshness import Freshness, Positions
from hh_core.usecases.index import Indexer
from hh_core.usecases.pack import Pack, PackSettings
from hh_core.usecases.raw_records import RawRecords
from hh_core.usecases.read import Reader
from hh_core.usecases.read_limits import ReadLimits, Turns
from hh_core.usecases.rebuild import Rebuild
from hh_core.usecases.reconcile import Reconcile, ReconcileSettings
from hh_core.usecases.recount import Recount
from hh_core.usecases.refused import RefusedRows
from hh_core.usecases.relay import Link, Relay, RelayLimits
from hh_core.usecases.renewal import Renewal
from hh_core.usecases.reprice import Reprice
from hh_core.usecases.retain import Retain, RetainSettings
from hh_core.usecases.retelling import Retelling
from hh_core.usecases.rollups import RollUps
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.usecases.session_outline import SessionOutlines
from hh_core.usecases.sessions import Sessions
from hh_core.usecases.sketches import MakeSketches, Sketches
from hh_core.usecases.wide_events import WideEvents
from hh_data.api.app import ReadApi
from hh_data.config import DataPlaneConfig
from hh_data.key_uses import KeyUses
from hh_data.name_key import now_ms, read_name_key
from hh_data.price_rules import configured_book
from hh_data.project_rules import ProjectRules
from hh_data.sketching import in_a_process
from hh_runtime.access import Access


def _dispatch_limits(config: DataPlaneConfig) -> DispatchLimits:
    return DispatchLimits(
        batch_rows=config.dispatch.batch_rows,
        max_in_flight=config.dispatch.max_in_flight,
        names_per_day=config.dispatch.names_per_day,
    )


def _relay_limits(config: DataPlaneConfig) -> RelayLimits:
    return RelayLimits(max_bytes=config.dispatch.relay_max_bytes)


def _reconcile_settings(config: DataPlaneConfig) -> ReconcileSettings:
    return ReconcileSettings(
        resend_ms=int(config.dispatch.resend_seconds * 1000),
        needs_relay=config.control is not None,
    )


def _pack_settings(config: DataPlaneConfig) -> PackSettings:
    return PackSettings(
        pack_after_ms=int(config.dispatch.pack_seconds * 1000),
        pack_bytes=config.dispatch.pack_bytes,
        needs_relay=config.control is not None,
    )


def _retain_settings(config: DataPlaneConfig) -> RetainSettings:
    return RetainSettings(config.retention.days, config.retention.max_disk_bytes)


def _read_limits(config: DataPlaneConfig) -> ReadLimits:
    return ReadLimits(
        scan_limit=config.read.scan_limit,
        search_seconds=config.read.search_seconds,
        first_page_seconds=config.read.first_page_seconds,
        outline_cache_bytes=config.read.outline_cache_bytes,
        answer_bytes=config.read.answer_bytes,
        logs_per_span=config.read.logs_per_span,
        log_bytes_per_span=config.read.log_bytes_per_span,
        seconds=config.read.seconds,
        at_once=config.read.at_once,
        at_once_per_project=config.read.at_once_per_project,
    )


def _access(config: DataPlaneConfig) -> Access:
    return Access(config.keys, awaited=config.control is not None)


def _project_rules(config: DataPlaneConfig) -> ProjectRules:
    return ProjectRules(
        config.keys,
        promotable=config.telemetry.promotable,
        is_strict=config.telemetry.strict_names,
        awaited=config.control is not None,
    )


class DataPlane(containers.DeclarativeContainer):
    """A process that runs some of the services needs only the ports of those."""

    config: providers.Dependency[DataPlaneConfig] = providers.Dependency(
        instance_of=DataPlaneConfig
    )
    process: providers.Dependency[str] = providers.Dependency(instance_of=str)
    queue: providers.Dependency[Queue] = providers.Dependency()
    objects: providers.Dependency[Objects] = providers.Dependency()
    analytics: providers.Dependency[Analytics] = providers.Dependency()
    records: providers.Dependency[Records] = providers.Dependency()
    positions: providers.Dependency[Positions] = providers.Dependency()
    """Of the api: where the plane's ingest processes stand."""
    link: providers.Dependency[Link] = providers.Dependency()
    """Of the relay: the way to the control plane."""

    clock = providers.Object(now_ms)
    dp_id = providers.Callable(str, config.provided.dp_id)
    access = providers.Singleton(_access, config)
    name_key = providers.Singleton(read_name_key, config.provided.name_key)
    mappers = providers.Singleton(load_mappers, blocked=config.provided.blocked_plugins)
    mapping = providers.Singleton(Mapping, mappers)
    source = providers.Singleton(SegmentsSource, objects, records)

    dispatch_limits = providers.Singleton(_dispatch_limits, config)
    book = providers.Singleton(configured_book, config.provided.prices)
    indexer = providers.Singleton(Indexer, mapping, name_key=name_key, dp_id=dp_id, book=book)
    recount = providers.Singleton(Recount, analytics)
    roll_ups = providers.Singleton(RollUps, analytics, recount)
    index = providers.Singleton(
        IndexSegments, objects, source, analytics, roll_ups, indexer, limits=dispatch_limits
    )
    relay = providers.Singleton(
        Relay,
        objects,
        records,
        link,
        dp_id=dp_id,
        process=process,
        limits=providers.Singleton(_relay_limits, config),
    )
    project_rules = providers.Singleton(_project_rules, config)
    dispatch = providers.Singleton(
        Dispatch,
        queue,
        objects,
        records,
        index,
        name_key=name_key,
        crossings=project_rules.provided.crossings,
        limits=dispatch_limits,
    )
    """Give it ``spool=relay()`` where there is a control plane."""
    reconcile = providers.Singleton(
        Reconcile,
        objects,
        records,
        queue,
        now_ms=clock,
        settings=providers.Singleton(_reconcile_settings, config),
    )
    pack = providers.Singleton(
        Pack,
        objects,
        records,
        now_ms=clock,
        settings=providers.Singleton(_pack_settings, config),
    )
    catalogue = providers.Singleton(Catalogue, objects, records)
    make_sketches = providers.Singleton(
        MakeSketches, objects, records, providers.Object(in_a_process)
    )
    retain = providers.Singleton(
        Retain,
        objects,
        records,
        now_ms=clock,
        settings=providers.Singleton(_retain_settings, config),
    )
    rebuild = providers.Factory(Rebuild, index, limits=dispatch_limits)
    """Give it ``renewal=renewal(generation=…)`` where the index has rows already."""
    derivations = providers.Singleton(Derivations, objects, now_ms=clock)
    renewal = providers.Factory(Renewal, analytics, records, dp_id=dp_id)
    """Give it ``tell=retelling()`` where there is a control plane."""
    retelling = providers.Singleton(
        Retelling,
        objects,
        records,
        name_key=name_key,
        crossings=project_rules.provided.crossings,
        max_bytes=config.provided.dispatch.relay_max_bytes,
    )
    reprice = providers.Factory(
        Reprice,
        analytics,
        records,
        roll_ups,
        book,
        begin=derivations.provided.begin,
    )
    """Give it ``tell=retelling()`` where there is a control plane."""
    refused = providers.Singleton(RefusedRows, records, now_ms=clock)

    belonging = providers.Singleton(Belonging, analytics)
    content = providers.Singleton(
        Content, source, mapping, log_bytes=config.provided.read.log_bytes_per_span
    )
    wide_events = providers.Singleton(
        WideEvents, analytics, content, belonging, max_logs=config.provided.read.logs_per_span
    )
    freshness = providers.Singleton(
        Freshness,
        positions,
        records,
        wait_seconds=config.provided.read.wait_seconds,
        ids_are_verbatim=mapping.provided.ids_are_verbatim,
    )
    turns = providers.Singleton(Turns, providers.Singleton(_read_limits, config))
    reader = providers.Singleton(
        Reader,
        analytics,
        wide_events,
        belonging,
        freshness,
        name_key=name_key,
        source=source,
        sketches=providers.Singleton(Sketches, objects, records),
        turns=turns,
    )
    sessions = providers.Singleton(
        Sessions,
        analytics,
        wide_events,
        belonging,
        freshness,
        providers.Singleton(Cursors, name_key),
        name_key=name_key,
        turns=turns,
    )
    session_outlines = providers.Singleton(
        SessionOutlines, analytics, belonging, freshness, name_key=name_key, turns=turns
    )
    key_uses = providers.Singleton(KeyUses, access, positions.provided.doors)
    """Of the controller, in the process of the api."""
    costs = providers.Singleton(
        Costs, analytics, source, mapping, book.provider, freshness, name_key=name_key
    )
    raw_records = providers.Singleton(
        RawRecords, analytics, wide_events, source, freshness, turns, name_key=name_key
    )
    read_api = providers.Singleton(
        ReadApi,
        access,
        reader,
        sessions,
        session_outlines,
        costs,
        raw_records,
        most_wait=config.provided.read.wait_seconds,
    )
