"""One module per revision; never change one that is released."""
