"""``hh admin``: what an operator does at the control plane's own host, past its API.

The same use cases do it as behind the API, over the same database; whoever can read the control
plane's configuration file and its folder of keys may.
"""
