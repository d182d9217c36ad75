"""The relay's way to the control plane's intake, with this data plane's identity on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import grpc.aio

from hh_core.errors import DeniedError
from hh_core.usecases.relay import Link
from hh_core.wire.pb.telemetry_pb2 import AppendRequest, AppendResponse
from hh_data.cluster_identity import ClusterIdentity, ClusterTokens
from hh_data.config import ControlConfig
from hh_data.control_channel import call_errors, is_unauthenticated, open_channel

_APPEND = "/hh.telemetry.v1.Telemetry/Append"
_DEADLINE_SECONDS = 20.0


class GrpcLink:
    def __init__(self, channel: grpc.aio.Channel, tokens: ClusterTokens) -> None:
        self._append = channel.unary_unary(
            _APPEND,
            request_serializer=AppendRequest.SerializeToString,
            response_deserializer=AppendResponse.FromString,
        )
        self._tokens = tokens

    async def append(self, request: AppendRequest) -> AppendResponse:
        """Once more with a new token, if the control plane does not take the one that we have."""
        token = await self._tokens.token()
        try:
            return await self._try(request, token)
        except DeniedError as error:
            if not is_unauthenticated(error):
                raise
        self._tokens.drop(token)
        return await self._try(request, await self._tokens.token())

    async def _try(self, request: AppendRequest, token: str) -> AppendResponse:
        metadata = (("authorization", f"Bearer {token}"),)
        with call_errors():
            answer: AppendResponse = await self._append(
                request, metadata=metadata, timeout=_DEADLINE_SECONDS
            )
        return answer


@asynccontextmanager
async def open_relay_client(control: ControlConfig, dp_id: UUID) -> AsyncIterator[Link]:
    """A link that dials when it is used. Tokens come from the controller's address."""
    identity = ClusterIdentity(dp_id, control.identity)
    async with (
        open_channel(control.intake, control.tls_ca) as intake,
        open_channel(control.controller_target, control.tls_ca) as controller,
    ):
        yield GrpcLink(intake, ClusterTokens(identity, controller))
