"""``simulate campaign``: what many lives are drawn, and what they reached."""
