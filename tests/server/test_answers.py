from charrnn.server.answers import Answer, Choice, model_list
from charrnn.server.completion_request import CompletionRequest
from charrnn.server.log_probabilities import Token
from charrnn.server.served import Piece


def test_parts_of_a_choice_add_up_and_offsets_go_on():
    choice = Choice(4, with_log_probabilities=True)
    first = choice.part([Piece("ab"), Piece("", Token("a", "a", -1.0, {"a": -1.0}))])
    second = choice.part([Piece("é", Token("é", "é", None, None)), Piece("", None, "stop")])
    assert (first["index"], first["text"], first["finish_reason"]) == (4, "ab", None)
    assert first["logprobs"]["text_offset"] == [0]
    assert (second["text"], second["finish_reason"]) == ("é", "stop")
    assert second["logprobs"] == {
        "tokens": ["é"], "token_logprobs": [None], "top_logprobs": [None], "text_offset": [1],
    }  # fmt: skip


def test_usage_counts_characters():
    answer = Answer(CompletionRequest.parse(b'{"prompt": ["ab", "cde"], "n": 2}'), "a")
    answer.num_drawn = 7
    assert answer.usage == {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}


def test_models_are_listed_as_clients_expect():
    listed = model_list(["a", "b"], 9)
    assert listed["object"] == "list"
    assert listed["data"][1] == {
        "id": "b", "object": "model", "created": 9, "owned_by": "charrnn",
    }  # fmt: skip
