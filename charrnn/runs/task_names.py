"""The names of tasks, as checkpoints have them."""

LANGUAGE_MODEL = "language_model"
SEQ2SEQ = "seq2seq"
CLASSIFY = "classify"
GIVEN = "given"
TAG = "tag"
CAPTION = "caption"
