"""The `wardrobe` command. In: arguments. Out: a pipeline or flow run, text, exit code.

May import pipelines, runners and schemas. Heavy modules are imported inside the command that needs
them, so that `wardrobe --help` answers in half a second; Prefect only by commands that run a flow.
"""

from flows.cli.application import main

__all__ = ["main"]
