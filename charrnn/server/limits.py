"""What a server does at most, whatever it is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Sizes and times that a request, or all of them together, cannot exceed."""

    num_streams: int = 64  # requests that are computed at once
    num_waiting: int = 64  # requests that wait for one of these to end; more are sent away
    max_tokens: int = 10_000  # characters of all completions of a request
    max_prompt: int = 10_000  # characters of all its prompts; each echo counts
    max_completions: int = 16  # of a request: its prompts times n
    max_whole: int = 100_000  # characters of an answer that is no stream: memory holds all of it
    max_body: int = 1 << 20  # bytes
    head_seconds: float = 15.0  # that a client may take to send what comes before the body
    body_seconds: float = 10.0  # that a client may take to send the body
    send_seconds: float = 30.0  # that a client may take to read what it was sent
