"""The `wardrobe` command. In: arguments. Out: a pipeline or flow run, text, exit code.

May import pipelines, runners and schemas. Heavy modules are imported inside the command that needs
them, so that `wardrobe --help` answers in half a second; Prefect only by commands that run a flow.
"""


def main() -> None:
    """Run the command line and exit."""
    # Here, because each worker process imports the module that its parent was started with.
    from flows.processes import leave_pandas_out

    leave_pandas_out()
    from flows.cli.application import main as run

    run()
