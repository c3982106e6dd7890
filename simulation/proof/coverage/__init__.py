"""``simulate coverage``: how much of what a platform wrote and answered the jury's checks detect when it is wrong.

It works like mutation testing. One recorded fact of a history is changed as a defect would change it (a falsehood), and
the changed history is judged. The falsehood is noticed if a finding appears that the true (original) history does not
have. Records of witnesses outside the platform (Stripe's journal, the provider's publications, the clocks) are never
changed: the jury relies on them.
"""
