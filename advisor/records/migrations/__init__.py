"""The changes of the tables, one file each, run in order by alembic."""
