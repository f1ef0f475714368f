"""Where data are read from: tables and images, by content and format."""
