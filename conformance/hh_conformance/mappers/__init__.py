"""Does a mapper get a corpus of real exports right? ``hh conformance mapper --corpus FOLDER``.

A corpus is a folder (or ``.tar.xz``) of ``<convention>/<package>/<flow>.pb``, bodies of OTLP trace
requests, each with a ``<flow>.expect.json`` that says what every span should become, and perhaps a
``<flow>.logs.pb`` with the log records of the same run.
"""

from hh_conformance.mappers.corpus import Flow, read_corpus
from hh_conformance.mappers.errata import Erratum, excused, read_errata
from hh_conformance.mappers.page import page
from hh_conformance.mappers.report import Report, problems, summary
from hh_conformance.mappers.run import judge

__all__ = [
    "Erratum",
    "Flow",
    "Report",
    "excused",
    "judge",
    "page",
    "problems",
    "read_corpus",
    "read_errata",
    "summary",
]
