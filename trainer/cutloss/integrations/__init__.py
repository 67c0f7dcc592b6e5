"""One line for each training library; only the module that is imported imports its library."""
