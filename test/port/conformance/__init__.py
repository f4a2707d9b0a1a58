# SPDX-License-Identifier: MIT
"""The parts of test/port/run: a codec, a controller, and the tables of cases."""
