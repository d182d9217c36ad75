"""Exports of real instrumentors, with what each span should become.

``corpus.tar.xz`` holds 570 flows of 69 packages: ``<convention>/<package>[@variant]/<flow>``, each
as ``.pb`` (the bodies of OTLP trace requests, one after the other), ``.logs.pb`` (of log requests)
and ``.expect.json``.

Each was exported by the package itself against a stand-in for its provider, which wrote down what
it was really asked and answered. The oracle of a flow says for each span what it is, what it must
show, and what it does not carry (``not_carried``); ``llm_calls[]`` are the calls that were made,
``true_totals`` their tokens, ``traced_totals`` those of the calls that some span tells of.
"""
