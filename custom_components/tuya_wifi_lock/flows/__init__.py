"""What the flows ask for, check and gather; their steps are in config_flow.py."""
