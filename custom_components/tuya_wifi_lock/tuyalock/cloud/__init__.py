"""Tuya's cloud: requests, the client of one lock, and what the responses say."""
