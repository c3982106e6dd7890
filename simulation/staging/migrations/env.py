"""Alembic's entry point: runs the versions on the connection that `simulation.staging.schema.migrate` opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
