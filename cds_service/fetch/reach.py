"""Which network addresses may be reached, judged on the very address a connection will use.

Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (as Python's ``ipaddress`` knows them), and the cloud
providers' documentation for their metadata addresses, some of which look public.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from cds_service.fetch.failure import Refused

_PRIVATE = tuple(ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
_NEVER = tuple(
    ip_network(n)
    for n in (
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "fd00:ec2::/32",  # metadata of Amazon
        "fd20:ce::/32",  # metadata of Google
        "100.64.0.0/10",  # carrier-grade NAT; metadata of Alibaba
        "192.0.0.0/24",  # protocol assignments; metadata of Oracle
        "168.63.129.16/32",  # metadata of Azure
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Reach:
    """What lies within reach beside public addresses: this machine, private networks."""

    loopback: bool = False
    private: bool = False


def check(address: str, reach: Reach) -> None:
    """Raise ``Refused`` unless the numeric ``address`` may be reached."""
    if not _allowed(_really(ip_address(address.split("%", maxsplit=1)[0])), reach):
        raise Refused("address")


def _really(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that a mapped, translated (NAT64) or 6to4 address leads to; any other as it is."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _allowed(address: IPv4Address | IPv6Address, reach: Reach) -> bool:
    if any(address in network for network in _NEVER):
        return False
    if address.is_loopback:
        return reach.loopback
    if any(address in network for network in _PRIVATE):
        return reach.private
    ours = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or ours)
