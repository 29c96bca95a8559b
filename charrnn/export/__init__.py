"""A voice elsewhere: a run as one file for places that have no charrnn.

Each format is a module with `write`; `formats` chooses one by the ending of the file. What they
write holds what it takes to speak, and nothing of the corpus but what the network learned.
"""
