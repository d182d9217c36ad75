"""Which object of the control plane gets which. Ports come in open; lifetimes are elsewhere."""

import secrets
import time
from uuid import uuid4

from dependency_injector import containers, providers

from hh_control.api import ControlApi
from hh_control.authentication import ControlAuthentication
from hh_control.config import ControlPlaneConfig, WriterConfig
from hh_control.controller import ControllerServicer, noting
from hh_control.identity import Identities
from hh_control.intake import TelemetryServicer
from hh_control.key_authentication import KeyAuthentication
from hh_control.key_ring import KeyRing
from hh_control.known_keys import KnownKeys
from hh_control.lags import Lags
from hh_control.passwords import Argon2Passwords
from hh_control.routes.analytics import AnalyticsRoutes
from hh_control.routes.audit import AuditRoutes
from hh_control.routes.data_planes import DataPlaneRoutes
from hh_control.routes.dead_letters import DeadLetterRoutes
from hh_control.routes.keys import key_routes
from hh_control.routes.members import MemberRoutes
from hh_control.routes.meta import MetaRoutes
from hh_control.routes.organisations import OrganisationRoutes
from hh_control.routes.sign_in import SignInRoutes
from hh_control.routes.tokens import TokenRoutes
from hh_control.token_signer import TokenSigner
from hh_control.web_application import WebApplication
from hh_control.web_build import WebBuild
from hh_core.ports.analytics import Analytics
from hh_core.ports.queue import Queue
from hh_core.ports.records import Records
from hh_core.usecases.access_tokens import AccessTokens, RefreshTokens
from hh_core.usecases.api_keys import ApiKeys
from hh_core.usecases.audit import Audit
from hh_core.usecases.configuration import Desired
from hh_core.usecases.data_plane_health import DataPlaneUrls
from hh_core.usecases.data_planes import DataPlanes
from hh_core.usecases.forget import Forget
from hh_core.usecases.intake import Intake
from hh_core.usecases.members import Members
from hh_core.usecases.memberships import Memberships
from hh_core.usecases.organisations import Organisations
from hh_core.usecases.people import People
from hh_core.usecases.places import Places
from hh_core.usecases.receipts import Receipts
from hh_core.usecases.recount import Recount
from hh_core.usecases.redrive import Redrive
from hh_core.usecases.revocations import Revocations
from hh_core.usecases.rollups import RollUps
from hh_core.usecases.sign_in import SignIn
from hh_core.usecases.sign_in_throttle import SignInThrottle
from hh_core.usecases.user_sessions import UserSessions
from hh_core.usecases.write import Store, WriteLimits, Writer
from hh_runtime.signing import verify


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _limits(config: WriterConfig) -> WriteLimits:
    return WriteLimits(
        batch_rows=config.batch_rows,
        batch_seconds=config.batch_seconds,
        max_in_flight=config.max_in_flight,
        longest_pause=config.longest_pause_seconds,
    )


class ControlPlane(containers.DeclarativeContainer):
    """A process that runs some of the services needs only the ports of those."""

    config: providers.Dependency[ControlPlaneConfig] = providers.Dependency(
        instance_of=ControlPlaneConfig
    )
    queue: providers.Dependency[Queue] = providers.Dependency()
    analytics: providers.Dependency[Analytics] = providers.Dependency()
    records: providers.Dependency[Records] = providers.Dependency()

    now_ms = providers.Object(_now_ms)
    clock = providers.Object(time.time)
    random = providers.Object(secrets.token_bytes)
    key_ring = providers.Singleton(KeyRing, config.provided.trust.folder)
    audit = providers.Singleton(Audit, records, now_ms=now_ms)
    api_keys = providers.Singleton(
        ApiKeys, records, audit, now_ms=now_ms, random=random, new_id=providers.Object(uuid4)
    )

    data_planes = providers.Singleton(
        DataPlanes,
        records,
        key_ring.provided.fingerprint,
        audit=audit,
        verify=providers.Object(verify),
        now_ms=now_ms,
        random=random,
    )
    data_plane_urls = providers.Singleton(DataPlaneUrls, records)
    identities = providers.Singleton(Identities, data_planes, key_ring)
    desired = providers.Singleton(Desired, records, key_ring.provided.published, now_ms=now_ms)
    controller = providers.Singleton(
        ControllerServicer,
        data_planes,
        identities,
        desired,
        key_ring,
        note_uses=providers.Callable(noting, api_keys),
    )

    intake = providers.Singleton(Intake, queue, records, now_ms=now_ms)
    servicer = providers.Singleton(TelemetryServicer, intake, identities)

    recount = providers.Singleton(Recount, analytics, has_content=False)
    roll_ups = providers.Singleton(RollUps, analytics, recount)
    store = providers.Singleton(Store, analytics, roll_ups)
    limits = providers.Singleton(_limits, config.provided.writer)
    writer = providers.Singleton(Writer, queue, records, store, limits=limits)
    redrive = providers.Singleton(Redrive, records, store)
    receipts = providers.Singleton(Receipts, records, now_ms=now_ms)

    lags = providers.Singleton(Lags, records, now_ms=now_ms)

    signer = providers.Singleton(TokenSigner, key_ring, clock=clock)
    passwords = providers.Singleton(Argon2Passwords)

    revocations = providers.Singleton(Revocations, now_ms=now_ms)
    people = providers.Singleton(People, now_ms=now_ms)
    memberships = providers.Singleton(Memberships, records, now_ms=now_ms)
    places = providers.Singleton(Places, records, memberships, audit, now_ms=now_ms)
    organisations = providers.Singleton(Organisations, places, memberships)
    sessions = providers.Singleton(
        UserSessions, records, audit, revocations, now_ms=now_ms, random=random
    )
    refresh_tokens = providers.Singleton(RefreshTokens, records, sessions, random=random)
    access_tokens = providers.Singleton(
        AccessTokens, records, memberships, revocations, signer, now_ms=now_ms
    )
    throttle = providers.Singleton(SignInThrottle, records, now_ms=now_ms)
    members = providers.Singleton(
        Members,
        records,
        people,
        memberships,
        audit,
        revocations,
        passwords,
        throttle,
        now_ms=now_ms,
        random=random,
    )
    sign_in = providers.Singleton(
        SignIn, records, people, sessions, refresh_tokens, throttle, passwords, audit
    )
    forget = providers.Singleton(Forget, records, sessions, revocations, throttle)

    key_authentication = providers.Singleton(
        KeyAuthentication, api_keys, memberships.provided.roles, now_ms=now_ms
    )
    known_keys = providers.Singleton(KnownKeys, key_authentication, places)
    authentication = providers.Singleton(
        ControlAuthentication, known_keys, sessions, memberships, signer
    )

    web_build = providers.Singleton(WebBuild)
    web_application = providers.Singleton(
        WebApplication, web_build, authentication, data_plane_urls
    )
    meta = providers.Singleton(
        MetaRoutes, analytics, records, lags, web_application, name=config.provided.name
    )
    signing_in = providers.Singleton(
        SignInRoutes, records, sign_in, people, memberships, sessions, access_tokens
    )
    tokens_of_people = providers.Singleton(
        TokenRoutes, access_tokens, refresh_tokens, authentication, key_ring, data_plane_urls
    )
    tenants = providers.Singleton(OrganisationRoutes, organisations, places)
    joining = providers.Singleton(MemberRoutes, members)
    audited = providers.Singleton(AuditRoutes, audit)
    measured = providers.Singleton(AnalyticsRoutes, analytics, now_ms=now_ms)
    dead_letters = providers.Singleton(DeadLetterRoutes, records, redrive, now_ms=now_ms)
    dialling = providers.Singleton(DataPlaneRoutes, data_planes, now_ms=now_ms)
    routes = providers.List(
        meta.provided.routes.call(),
        signing_in.provided.routes.call(),
        tokens_of_people.provided.routes.call(),
        tenants.provided.routes.call(),
        joining.provided.routes.call(),
        audited.provided.routes.call(),
        providers.Callable(key_routes, api_keys),
        dialling.provided.routes.call(),
        measured.provided.routes.call(),
        dead_letters.provided.routes.call(),
    )
    api = providers.Singleton(ControlApi, routes, authentication, places, web_application)
