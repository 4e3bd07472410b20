"""How long things are kept, and removing what is older; what is still needed stays, however old.

policy   the file that says how long, read and checked
needed   what is not removed, and why
removal  what is older in the database and the object store: counted, or removed in batches
"""
