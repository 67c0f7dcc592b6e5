"""The wire contract of the JSON API, as models: what a call may hold and what an answer holds."""
