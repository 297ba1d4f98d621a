"""How good tracks are, against ground truth in the form of MOTChallenge."""
