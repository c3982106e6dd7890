"""The Stripe twin: what the platform believes to be api.stripe.com.

Start reading at ``twin.py``; the rules are in ``fixtures/spec/stripe.md``.
"""
