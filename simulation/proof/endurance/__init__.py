"""How long a platform goes on before the first person is needed, learnt from many lives of a campaign."""
