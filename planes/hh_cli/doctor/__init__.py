"""``hh doctor``: what somebody who helps needs to see, without content and without secrets."""
