"""``simulate interleave``: two of the platform's doings at once, in every order of their statements up to a bound."""
