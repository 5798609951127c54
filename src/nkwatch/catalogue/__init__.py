"""Data that ships with the package: sources, themes, locales, samples. An operator's own files may add to it."""
