"""What is published of a tournament: files for programs, charts and a page for people. No Dagster.

exports     what is stored as Parquet, CSV or JSON in the object store
season      what charts and page show of a tournament: values alone; reading: read from the database
races       the way of each team through the tables, matchday by matchday
figures     what each chart shows, and its text alternative; brackets: that of knockout ties
drawing/    pictures of charts
page        season.html, of a template; kickoffs: when a match is, in words
shelf       where charts and page stand in the object store
publishing  made where the data changed, found where it did not
"""
