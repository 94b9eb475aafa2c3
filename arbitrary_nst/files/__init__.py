"""Photos and pictures as files: found, named, planned, streamed and written."""
