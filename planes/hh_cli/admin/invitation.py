"""What the host of a new data plane needs to know, as the start of its configuration file."""

import json
from ipaddress import ip_address

CA = "ca.pem"


def invitation(name: str, dp_id: str, address: str, ca: str | None, token: str) -> str:
    """TOML. ``ca`` is the file of the authority as the data plane's host will find it; between two
    planes of one machine none is needed."""
    host = address.rpartition(":")[0].strip("[]")
    authority = ca or ("" if _is_loopback(host) else CA)
    comment = name.replace("\n", " ")
    lines = [
        f"# The data plane {comment!r}. The token lets one data plane in, once, within 24 hours:",
        "# keep this file private. `hh up --plane data --join FILE` takes it as it is; in a",
        "# configuration file of your own, set dp_id and [control] to this, and [control] identity",
        "# to a folder that stays.",
        f"dp_id = {json.dumps(dp_id)}",
        "",
        "[control]",
        f"intake = {json.dumps(address)}",
        *([f"tls_ca = {json.dumps(authority)}"] if authority else []),
        f"enrolment_token = {json.dumps(token)}",
    ]
    return "\n".join(lines) + "\n"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
