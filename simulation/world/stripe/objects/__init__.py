"""What Stripe keeps: one resource a module, each with the JSON that the API shows of it."""
