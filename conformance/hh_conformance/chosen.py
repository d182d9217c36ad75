"""What pytest collects when ``hh_conformance.runner`` runs a suite."""

from hh_conformance.runner import chosen

TestConformance = chosen()
