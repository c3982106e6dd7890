"""The parts of the view model, one subject a module; each is computed once from the history and the verdict."""
