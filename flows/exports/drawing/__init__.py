"""Drawing: `annotated` pictures with their items, drawn on a `canvas` as an `image` or a sheet."""
