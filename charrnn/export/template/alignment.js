// What a written symbol looked at: marks under the symbols of the source, and a picture of all.

const SVG = "http://www.w3.org/2000/svg";
const CELL = 22; // of the picture, in its own units
const LETTER = 10; // the width of a letter beside it
const MOST_SYMBOLS = 60; // of the source or of what is written: more are too small to read

/** Return a new element of a picture, with attributes, and a text or other elements in it. */
function drawing(tag, attributes, ...content) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

class Source {
  constructor(element, picture) {
    Object.assign(this, { element, picture, symbols: [], spans: [] });
  }

  /** Show the symbols of a source. */
  set(symbols) {
    this.symbols = symbols;
    this.spans = symbols.map((symbol) => made("span", "read", symbol));
    this.element.replaceChildren(...this.spans.flatMap((span) => [span, made("wbr")]));
    this.element.hidden = !symbols.length;
    this.picture.replaceChildren();
    this.picture.removeAttribute("tabindex");
    this.look(null);
  }

  /** Mark how much each symbol was looked at; none of them where there is no alignment. */
  look(alignment) {
    this.spans.forEach((span, s) => span.style.setProperty("--share", alignment ? alignment[s] : 0));
  }

  /** Return in words what was looked at most. */
  inWords(alignment) {
    const most = alignment.map((share, s) => [share, s]).sort(([one], [other]) => other - one).slice(0, 3);
    const told = most.filter(([share]) => share >= 0.05).map(([share, s]) => `${this.symbols[s]} ${percent(share)}`);
    return made("span", "rest", `looked at ${told.join(", ")}`);
  }

  /** Draw the alignments of all that was written: the source along the top, a row for each draw. */
  draw(draws, nameOf) {
    const rows = draws.filter(({ alignment }) => alignment);
    this.picture.replaceChildren();
    if (!rows.length || Math.max(rows.length, this.symbols.length) > MOST_SYMBOLS) return;
    const names = rows.map(({ id }) => nameOf(id));
    const [left, top] = [names, this.symbols].map((each) => 16 + LETTER * Math.max(...each.map(({ length }) => length)));
    const [width, height] = [left + CELL * this.symbols.length + top / 2, top + CELL * rows.length];
    const label = "How much each written symbol looked at each symbol of the source: the larger a dot, the more.";
    const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
    const across = (s) => left + CELL * (s + 0.5);
    this.symbols.forEach((symbol, s) => {
      svg.append(drawing("text", { transform: `translate(${across(s)} ${top - 8}) rotate(-60)` }, symbol));
    });
    rows.forEach(({ alignment }, t) => {
      const y = top + CELL * (t + 0.5);
      svg.append(drawing("text", { x: left - 8, y, class: "down" }, names[t]));
      svg.append(drawing("line", { x1: left, x2: left + CELL * this.symbols.length, y1: y, y2: y }));
      alignment.forEach((share, s) => {
        const r = (CELL / 2 - 1) * Math.sqrt(share);
        if (r > 0.5) svg.append(drawing("circle", { cx: across(s), cy: y, r }));
      });
    });
    this.picture.append(svg);
    this.picture.tabIndex = 0; // it may be wider than the page
  }
}
