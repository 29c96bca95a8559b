"""Which labels are taken for which, as a picture."""

import xml.etree.ElementTree as ET

from charrnn.plots import share_matrix
from charrnn.plots.confusion import confusion

SVG = "{http://www.w3.org/2000/svg}"


def test_rows_are_shares_of_the_texts_of_a_label(capsys):
    picture = confusion(["a", "b", "c"], [[3, 1, 0], [0, 8, 0], [0, 0, 0]], title="t")
    assert picture.shares == [[0.75, 0.25, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    share_matrix.show(picture, width=60)
    assert capsys.readouterr().out.splitlines() == [
        "t",
        "   a b c",
        "a │██▒▒",
        "b │  ██",
        "c │",
        "░ 5 %  ▒ 25 %  ▓ 50 %  █ 75 % texts of a label",
    ]
    root = ET.fromstring(picture.drawing().svg())
    tips = [box.findtext(f"{SVG}title") for box in root.iter(f"{SVG}rect")]
    assert [tip for tip in tips if tip] == [
        "a taken for a: 75 %", "a taken for b: 25 %", "b taken for b: 100 %",
    ]  # fmt: skip


def test_a_label_that_the_model_does_not_know_has_a_row_only():
    picture = confusion(["a", "b", "new"], [[1, 0], [0, 1], [1, 1]], title="")
    assert (picture.columns, picture.rows) == (["a", "b"], ["a", "b", "new"])
    assert picture.shares[2] == [0.5, 0.5]
    assert picture.left_out == ""


def test_of_very_many_labels_the_first_are_drawn():
    labels = [str(n) for n in range(500)]
    picture = confusion(labels, [[1] * 500] * 500, title="")
    assert picture.left_out == "drawn: the first 400 of 500 labels"
    assert picture.drawing().width < 410 * 22
