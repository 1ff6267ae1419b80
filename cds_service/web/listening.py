"""The listening socket; what cannot be listened on is told by the setting that is to blame."""

from __future__ import annotations

import errno
import os
import socket

from cds_service.base.complaints import SettingsError

BACKLOG = 1024
_BELOW = 1024


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises ``SettingsError``."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (socket.gaierror, UnicodeError) as error:  # UnicodeError: a part of a name longer than names may be
        why = (error.strerror or "unknown") if isinstance(error, OSError) else "not a name"
        what = f"{host} is no address here ({why})"
        raise SettingsError("HOST", what, "Write 127.0.0.1, an address of this machine, or 0.0.0.0 for all") from None
    except OSError as error:
        raise _refused(host, port, error.errno or 0) from None
    listener.setblocking(False)
    return listener


def _refused(host: str, port: int, number: int) -> SettingsError:
    why = os.strerror(number)
    if number == errno.EADDRINUSE:
        what = f"cannot listen on {host}:{port} ({why})"
        return SettingsError("PORT", what, "Another program has it, perhaps this server already: choose another")
    if number == errno.EACCES and port < _BELOW:
        what = f"cannot listen on {host}:{port} ({why})"
        return SettingsError("PORT", what, f"Ports below {_BELOW} need rights: choose a higher one behind a proxy")
    what = f"cannot listen on {host} ({why})"
    return SettingsError("HOST", what, "Write 127.0.0.1, an address of this machine, or 0.0.0.0 for all")
