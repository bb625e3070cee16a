"""The card in a real browser, with a real Home Assistant and a simulated lock."""
