"""Which clips are worth annotating: scores of every clip, and rules that keep some of them."""
