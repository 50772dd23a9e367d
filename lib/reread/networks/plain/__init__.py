"""The published training written as plainly as the authors did: the oracle and the peer of the fast one."""
