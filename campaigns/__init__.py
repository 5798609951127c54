"""Long tests that are run by hand: commands with recorded results (README.md). Nothing imports them."""
