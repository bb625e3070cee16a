"""Strangers in the network, a mains plug that is pulled, and a disk that is damaged."""
