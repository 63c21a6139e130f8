"""A stranger's package: it knows fms_dgt's public names and nothing else."""

from acme_dgt.marker import mark

mark(__name__)
