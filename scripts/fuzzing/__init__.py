"""Damaged frames and datagrams, by the million, for what reads them."""
