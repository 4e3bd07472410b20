"""What can be wrong, a module for each: what is there is read, then judged by a pure function."""
