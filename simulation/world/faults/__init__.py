"""Acts of faults that strike by themselves: nobody has to ask, as a call has to be made before it can time out."""
