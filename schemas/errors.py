"""The errors that are meant for people: their text is one sentence."""


class InputError(ValueError):
    """What a person gave cannot be used. One sentence: what was given, what is allowed, what to do.

    The command line prints it and leaves with `exit_code`. Anything else that is raised is a bug
    and keeps its traceback.
    """

    exit_code = 2


class MostLeftOut(InputError):
    """An export would leave out most of the rows; nothing was written. The text has the counts."""

    exit_code = 1


class EngineError(InputError):
    """An engine or a disk failed while it computed or read. A file of a release may be damaged.

    The command line looks for that damage and names the file; else it prints the message.
    """
