"""The lock in the local network: frames, connections, when to dial, and announcements."""
