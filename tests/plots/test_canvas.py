import pytest

from charrnn.plots.canvas import Canvas, nearest


def rows(canvas, num):
    return [canvas.row(row).plain for row in range(num)]


def dots(canvas, num_rows, num_columns):
    """The positions of all dots, from the top left, read back from the characters."""
    order = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))  # Unicode's own
    return {
        (2 * column + dx, 4 * row + dy)
        for row, line in enumerate(rows(canvas, num_rows))
        for column, character in enumerate(line)
        for bit, (dx, dy) in enumerate(order)
        if character >= "⠀" and ord(character) - 0x2800 >> bit & 1
    }


def test_a_line_is_drawn_from_corner_to_corner_in_dots():
    canvas = Canvas(2, 4, num_curves=1, is_coloured=False)
    canvas.draw(0, [(0.0, 0.0), (1.0, 1.0)])
    assert dots(canvas, 2, 4) == {(k, 7 - k) for k in range(8)}


def test_a_gap_lifts_the_pen_and_one_point_is_a_dot():
    canvas = Canvas(1, 5, num_curves=1, is_coloured=True)
    canvas.draw(0, [(0.0, 1.0), None, (1.0, 1.0)])
    assert dots(canvas, 1, 5) == {(0, 0), (9, 0)}


def test_several_curves_without_colour_have_marks_and_take_turns():
    canvas = Canvas(3, 6, num_curves=2, is_coloured=False)
    canvas.draw_level(1)
    canvas.draw(0, [(0.0, 1.0), (1.0, 1.0)])
    canvas.draw(1, [(0.0, 1.0), (1.0, 1.0)])
    assert rows(canvas, 3) == ["oxoxox", "╌╌╌╌╌╌", "      "]
    assert [canvas.legend_mark(k).plain for k in range(2)] == ["o", "x"]
    assert not canvas.row(0).spans


def test_colours_differ_and_repeat_after_the_last():
    canvas = Canvas(1, 2, num_curves=13, is_coloured=True)
    styles = [str(canvas.legend_mark(k).style) for k in range(13)]
    assert len(set(styles)) == 12
    assert styles[12] == styles[0]


def test_a_lone_point_is_drawn_over_the_curves_it_lies_on():
    for x in (0.4, 0.55):  # an even and an odd column
        lone = Canvas(1, 8, num_curves=2, is_coloured=False)
        lone.draw(0, [(0, 0), (1, 0)])
        lone.draw(1, [(x, 0)])
        assert str(lone.row(0)).count("x") == 1


@pytest.mark.parametrize(("position", "place"), [(0, 0), (1, 9), (0.5, 4), (-3, 0), (7, 9)])
def test_the_nearest_place_is_found(position, place):
    assert nearest(position, 10) == place
