"""What is published of a tournament: files for programs, charts and a page for people. No Dagster.

exports     what is stored as Parquet, CSV or JSON in the object store
"""
