"""Old place of :mod:`reread.core.metrics`."""

from reread.core.metrics import *  # noqa: F403  # until every caller names the new module
