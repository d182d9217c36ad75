"""JetStream streams and consumers, as the port's streams and groups ask for them."""

from datetime import datetime

from nats.aio.client import Client
from nats.js.api import ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import APIError

from hh_core.errors import UnavailableError
from hh_core.ports.queue import Stream
from hh_nats.connection import NatsConfig

DEDUPLICATION_SECONDS = 120.0
HEADER_BYTES = 16 << 10
"""Room for headers, beside a body of the greatest size."""

_CONFIGURED_OTHERWISE = 10058


def stream_name(config: NatsConfig, stream: Stream) -> str:
    return config.prefix + stream.name


def subject(config: NatsConfig, stream: Stream, key: str) -> str:
    return f"{config.prefix}{stream.subject}.{key}"


def jetstream(client: Client, config: NatsConfig) -> JetStreamContext:
    return client.jetstream(timeout=config.timeout_seconds)


async def ensure_stream(client: Client, config: NatsConfig, stream: Stream) -> None:
    """Create the stream, or give it its present limits if it was created with others."""
    wanted = StreamConfig(
        name=stream_name(config, stream),
        subjects=[subject(config, stream, ">")],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_bytes=stream.max_bytes,
        max_age=stream.max_age_seconds,
        max_msg_size=stream.max_message_bytes + HEADER_BYTES,
        num_replicas=config.replicas,
        duplicate_window=min(DEDUPLICATION_SECONDS, stream.max_age_seconds),
    )
    context = jetstream(client, config)
    try:
        await context.add_stream(wanted)
    except APIError as error:
        if error.err_code != _CONFIGURED_OTHERWISE:
            raise
        await context.update_stream(wanted)


async def ensure_consumer(
    client: Client, config: NatsConfig, stream: Stream, group: str, lease_seconds: float
) -> datetime:
    """Create stream and consumer if they are not there. Answers when the consumer was created:
    another time than before means that the store was wiped in between."""
    await ensure_stream(client, config, stream)
    wanted = ConsumerConfig(
        durable_name=group,
        ack_wait=lease_seconds,
        max_deliver=-1,
        max_ack_pending=-1,  # each subscription has its own window (Q4)
    )
    info = await jetstream(client, config).add_consumer(stream_name(config, stream), wanted)
    if info.created is None:
        raise UnavailableError("NATS did not say when the consumer was created")
    return info.created


async def make_room(client: Client, config: NatsConfig, stream: Stream) -> bool:
    """Forget the oldest messages, up to the first that some group has not acked (Q6)."""
    context = jetstream(client, config)
    name = stream_name(config, stream)
    consumers = await context.consumers_info(name)
    settled = min((one.ack_floor.stream_seq for one in consumers if one.ack_floor), default=0)
    held = (await context.stream_info(name)).state
    if settled < held.first_seq:
        return False
    return await context.purge_stream(name, seq=settled + 1)
