"""What is in deploy/: held to the code in every run, and built and started where Docker is."""
