"""Troubles that come at their own time: nobody has to ask for them, as a call has to be made before it can time out."""
