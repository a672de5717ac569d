"""What can be done in intake: one function per intention, each inside the caller's transaction, split by noun.

A function that begins with `place_` does the work once everything is loaded and allowed; the live command loads one
person's rows for it, the import a whole batch's.
"""
