"""Needs what nobody has."""

from __future__ import annotations

import a_package_that_nobody_has

Parrot = a_package_that_nobody_has.Parrot
