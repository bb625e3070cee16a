"""Integrations that the Home Assistant of the tour has besides its own."""
