"""Tuya accounts that are signed in to Home Assistant's own Tuya integration.

The only place that touches the run-time data of that integration. It belongs to another
integration: no attribute is taken for granted, nothing is written to it, and without it everything
else goes on.
"""

from .account import Trouble, TuyaAccount
from .devices import AccountLock, account_locks, local_key

__all__ = ["AccountLock", "Trouble", "TuyaAccount", "account_locks", "local_key"]
