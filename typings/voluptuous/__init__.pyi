"""The types of what Home Assistant offers under the name `voluptuous`: its engine probatio."""

from probatio import *  # noqa: F403
