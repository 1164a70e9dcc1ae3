"""Metrics: truth and predictions as Arrow or numpy in, scores and outcomes out.

Pure: may import `schemas` only. Scores that SQL can compute are queries of sql/evaluation instead.
"""
