"""From the provider's feed to validated, stored scores."""
