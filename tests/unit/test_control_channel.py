"""How a data plane dials its control plane."""

import asyncio

import pytest

from hh_core.wire.pb.controller_pb2 import TokenRequest, TokenResponse
from hh_data.control_channel import open_channel
from hh_runtime.net import is_loopback


def test_what_goes_in_the_clear_stays_on_this_machine_whatever_proxy_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> bytes:
        heard = asyncio.get_running_loop().create_future()

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.set_result(b"proxy " + await reader.read(4096))
            writer.close()

        async def plane(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.set_result(b"plane " + await reader.read(4096))
            writer.close()

        async with (
            asyncio.timeout(20),
            await asyncio.start_server(proxy, "127.0.0.1", 0) as elsewhere,
            await asyncio.start_server(plane, "127.0.0.1", 0) as control,
        ):
            address = f"http://127.0.0.1:{elsewhere.sockets[0].getsockname()[1]}"
            for name in ("http_proxy", "grpc_proxy", "https_proxy"):
                monkeypatch.setenv(name, address)
            for name in ("no_proxy", "no_grpc_proxy"):
                monkeypatch.delenv(name, raising=False)
            target = f"127.0.0.1:{control.sockets[0].getsockname()[1]}"
            async with open_channel(target, None) as channel:
                call = channel.unary_unary(
                    "/hh.controller.v1.Controller/Token",
                    request_serializer=TokenRequest.SerializeToString,
                    response_deserializer=TokenResponse.FromString,
                )
                asked = asyncio.ensure_future(call(TokenRequest(assertion="secret"), timeout=15))
                first: bytes = await heard
                asked.cancel()
                await asyncio.gather(asked, return_exceptions=True)
                return first

    assert asyncio.run(test()).startswith(b"plane ")


@pytest.mark.parametrize(
    "target",
    [
        "localhost.evil:1",
        "127.0.0.1.evil:1",
        "[::ffff:10.0.0.1]:1",
        "0.0.0.0:1",
        "[::]:1",
        "2130706433:1",
        "dns://10.0.0.1/localhost:1",
        "127.0.0.1,10.0.0.1:1",
        "evil@localhost:1",
        "localhost:1@evil:1",
        "127.0.0.1",
    ],
)
def test_no_spelling_of_another_host_is_dialled_in_the_clear(target: str) -> None:
    assert not is_loopback(target)


@pytest.mark.parametrize("target", ["localhost:1", "127.0.0.1:1", "127.8.8.8:1", "[::1]:1"])
def test_this_machine_is_known_by_its_names(target: str) -> None:
    assert is_loopback(target)
