//! The web: a directory as the files that a web server serves.
