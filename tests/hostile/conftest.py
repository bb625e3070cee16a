"""A network with more than one host."""

import pytest
import pytest_socket


@pytest.fixture(autouse=True)
def more_hosts(socket_enabled: None) -> None:
    """Let connections go to a few addresses of this machine."""
    hosts = [f"127.0.0.{number}" for number in range(1, 10)]
    pytest_socket.socket_allow_hosts(hosts, allow_unix_socket=True)
