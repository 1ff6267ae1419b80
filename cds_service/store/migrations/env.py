"""Alembic's entry: runs the revisions on the connection that ``store.schema`` gives."""

from alembic import context

from cds_service.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
