"""What is asked of services and catalogues about measured files, in one thread."""
