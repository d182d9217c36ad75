"""The routes of the control plane's HTTP API, by what they are about."""
