"""Addresses in networks."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host, a name or an address without brackets, is this machine as seen only from itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
