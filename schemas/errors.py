"""The one error that is meant for people."""


class InputError(ValueError):
    """What a person gave cannot be used. One sentence: what was given, what is allowed, what to do.

    The command line prints it and leaves with exit code 2. Anything else that is raised is a bug
    and keeps its traceback.
    """
