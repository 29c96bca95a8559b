from charrnn.errors import CharRNNError, SettingError, UsageError


def test_an_error_is_a_message_and_a_hint():
    assert str(CharRNNError("what is wrong", "what to type")) == "what is wrong; what to type"
    assert str(CharRNNError("what is wrong")) == "what is wrong"
    assert issubclass(SettingError, UsageError)
