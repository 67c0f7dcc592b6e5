"""Alerts: what a person wants to be told of their runs, and how it reaches them."""
