"""``simulate coverage``: how much of what a platform wrote and said the jury looks at.

One recorded fact of a history is made false, the way a defect would, and the history is judged again. A falsehood is
noticed when a finding appears that the true history does not have. What the witnesses outside of the platform recorded
(Stripe's journal, the provider's publications, the clocks) is never made false: the jury rests on it.
"""
