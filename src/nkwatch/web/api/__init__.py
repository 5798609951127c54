"""The JSON API and the exports, under a path with its version. What it answers is the same for everybody."""
