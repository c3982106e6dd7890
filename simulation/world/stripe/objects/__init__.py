"""Stripe's objects, one kind a module, each with its JSON form in the API."""
