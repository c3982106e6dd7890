"""The platform's schema, one SQL file a migration."""
