import random

import pytest

from charrnn.sources.detection import begins_as_utf8, guess, is_mostly_utf8

TEXTS = {
    "cp1252": "L’été dernier, à l’école, les élèves étaient très fatigués. Où êtes-vous allés ?\n",
    "cp1250": "Wczoraj wieczorem poszedłem do sklepu, żeby kupić chleb i masło. Źródło ścieżki.\n",
    "iso8859-2": "Wczoraj wieczorem poszedłem do sklepu, żeby kupić chleb. Źródło ścieżki, łąka.\n",
    "cp1251": "Вчера вечером я пошёл в магазин, чтобы купить хлеб и масло. Было уже поздно.\n",
    "koi8-r": "Вчера вечером я пошёл в магазин, чтобы купить хлеб и масло. Было уже поздно.\n",
    "cp1254": "Dün akşam ekmek ve tereyağı almak için dükkâna gittim. Çok geç olmuştu.\n",
    "cp1257": "Jau buvo vėlu, todėl labai skubėjau. Šviesa čia žiūri į parduotuvę, ji gražių.\n",
    "cp1253": "Χθες το βράδυ πήγα στο μαγαζί για να αγοράσω ψωμί και βούτυρο. Ήταν ήδη αργά.\n",
    "cp932": "昨日の夜、パンとバターを買うために店に行きました。もう遅かったのです。\n",
    "euc-jp": "昨日の夜、パンとバターを買うために店に行きました。もう遅かったのです。\n",
    "gb18030": "昨天晚上我去商店买面包和黄油。已经很晚了，所以我很着急。\n",
    "big5": "台北是一個美麗的城市，我們昨天去那裡玩。天氣非常好。\n",
    "cp949": "어제 저녁에 빵과 버터를 사러 가게에 갔습니다. 이미 늦어서 서둘렀습니다.\n",
    "utf-16": "Any language at all, if a mark says so. Русский.\n",
    "utf-16-le": "Plain words, two bytes each.\n",
    "utf-16-be": "Plain words, two bytes each.\n",
    "utf-32": "Four of them.\n",
}


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("times", [1, 20])
def test_the_encoding_of_a_few_sentences_is_detected(encoding, times):
    assert guess((TEXTS[encoding] * times).encode(encoding)) == (encoding, True)


def test_a_letter_is_enough_where_all_read_it_the_same_and_not_where_they_differ():
    assert guess("only one caf\xe9".encode("latin-1")) == ("cp1252", True)
    assert guess("Łódź\n".encode("cp1250")) == ("cp1250", True)
    assert guess("perché è più\n".encode("latin-1")) == ("cp1252", False)  # or Czech: č, ů
    assert guess(b"who \xff knows") == ("cp1252", False)


NO_TEXT = {
    "noise": random.Random(1).randbytes(5000),
    "every byte": bytes(range(256)) * 9,
    "control characters": b"\0\1\2\3" * 99,
}


@pytest.mark.parametrize("data", NO_TEXT.values(), ids=NO_TEXT)
def test_what_is_no_text_has_no_encoding(data):
    assert guess(data) == (None, False)


def test_utf8_is_guessed_where_another_was_expected():
    assert guess("Año nuevo".encode()) == ("utf-8", True)
    assert guess("Año, ñ".encode()[:-1]) == ("utf-8", True)  # cut within a character


def test_utf8_is_known_by_what_is_beyond_ascii():
    good = "Straße, Tür, Öl, Käse, Füße, Größe\n".encode()
    assert is_mostly_utf8(good + b"\xff")
    assert not is_mostly_utf8("Straße, Tür".encode("latin-1"))
    assert not is_mostly_utf8(b"plain \xff")
    assert begins_as_utf8(good[:-3])
    assert begins_as_utf8("äöüß".encode() + "ß".encode()[:1])  # cut within a character
    assert not begins_as_utf8(b"plain")
    assert not begins_as_utf8(good + b"\xff")
