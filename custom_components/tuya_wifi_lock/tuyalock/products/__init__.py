"""What the DPs of a product mean."""
