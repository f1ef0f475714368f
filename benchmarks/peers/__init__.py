"""Other projects' generators and attacks, run beside ours in environments of their own, and their published figures."""
