"""The tests; a package, so that no installed distribution's `tests` can stand in its place."""
