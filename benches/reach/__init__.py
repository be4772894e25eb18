"""What `end_to_end.py` measures, one module a concern."""
