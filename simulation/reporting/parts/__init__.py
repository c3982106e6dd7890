"""The parts of the view model, one module for each subject, computed once from the history and the verdict."""
