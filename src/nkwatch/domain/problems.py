"""What is wrong with something that the operator wrote: settings, catalogue, templates."""


class ConfigError(Exception):
    """Every problem found, one sentence each: where, what, what is allowed. Never shown as a traceback."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
