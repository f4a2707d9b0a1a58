# SPDX-License-Identifier: MIT
"""The parts of bench/run: the world it measures in, what it compares, the figures, the report."""
