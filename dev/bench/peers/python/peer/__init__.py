"""Tollgate's purchase and authorize in Python, for comparison."""
