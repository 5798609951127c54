"""``python -m nkwatch``."""

from nkwatch.cli import app

# parsing workers import the main module again
if __name__ == "__main__":
    app()
