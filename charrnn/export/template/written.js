// What was written: each character tells what it was chosen from, under the mouse or when it has
// the focus. Text is only ever put in as text.

const LEAST_SHOWN = 0.001; // a probability

/** Return a new element with classes, and a text or other elements in it. */
function made(tag, classes = "", ...content) {
  const element = document.createElement(tag);
  element.className = classes;
  element.append(...content);
  return element;
}

function percent(share) {
  return share >= 0.9995 ? "100 %" : share < LEAST_SHOWN ? "< 0.1 %" : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** The card beside a character. */
class Card {
  constructor(element, vocabulary) {
    Object.assign(this, { element, vocabulary });
  }

  /** Show what a piece was chosen from, beside its element, and more. */
  show(piece, beside, more = []) {
    this.element.replaceChildren(...piece.draws.flatMap((draw) => [...this.distribution(draw)]), ...more);
    this.element.hidden = false;
    const place = beside.getClientRects()[0];
    const around = this.element.offsetParent.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = Math.min(place.left - around.left - 24, around.width - width);
    const fitsBelow = place.bottom + height + 12 < innerHeight || place.top < height + 12;
    const top = fitsBelow ? place.bottom + 8 : place.top - height - 8;
    this.element.style.left = `${Math.max(0, left)}px`;
    this.element.style.top = `${top - around.top}px`;
  }

  hide() {
    this.element.hidden = true;
  }

  /** Yield the rows of a draw: symbol, bar, probability; the one that was chosen has a mark. */
  *distribution({ id, top }) {
    yield made("span", "title", `${this.vocabulary.nameOf(id)} was chosen from`);
    const shown = top.filter(([i, probability]) => probability >= LEAST_SHOWN || i === id);
    for (const [i, probability] of shown) {
      const name = made("span", "symbol", this.vocabulary.nameOf(i));
      name.classList.toggle("long", name.textContent.length > 4);
      const bar = made("span", "bar");
      bar.style.setProperty("--share", probability);
      const isChosen = i === id;
      const mark = made("span", "unseen", isChosen ? "chosen " : "");
      yield made("span", isChosen ? "row chosen" : "row", mark, name, " ", bar, made("span", "share", percent(probability)));
    }
    const rest = 1 - shown.reduce((sum, [, probability]) => sum + probability, 0);
    if (rest >= LEAST_SHOWN) yield made("span", "rest", `all others ${percent(rest)}`);
  }
}

/** The text, a span for each piece of it. */
class Written {
  constructor(element, card, source) {
    // pieces are kept by their spans
    Object.assign(this, { element, card, source, pieces: new Map(), texts: [], numRecords: 0 });
    element.addEventListener("pointerover", ({ target }) => this.look(target));
    element.addEventListener("pointerleave", ({ target }) => this.look(target));
    element.addEventListener("focusin", ({ target }) => {
      this.pieceAt(target)?.setAttribute("aria-describedby", card.element.id);
      this.look(target);
    });
    element.addEventListener("focusout", () => this.leave());
    element.addEventListener("click", ({ target }) => this.focus(target));
    element.addEventListener("keydown", (event) => this.move(event));
  }

  clear() {
    this.leave();
    this.pieces.clear();
    this.texts = [];
    this.numRecords = 0;
    this.element.replaceChildren();
    this.element.tabIndex = -1;
  }

  add(pieces) {
    for (const piece of pieces) {
      this.texts.push(piece.text);
      this.numRecords += Boolean(piece.endsRecord);
      if (piece.draws.length) this.append(piece.text, "drawn", piece);
      else for (const text of piece.text.split(/(?<=\n)/)) this.append(text, "given");
    }
    if (this.pieces.size) this.element.tabIndex = 0;
  }

  /** Put a text in its line. Each is a block of its own, so that the others need not be laid out again. */
  append(text, kind, piece) {
    const ended = this.element.lastChild;
    if (!ended || ended.textContent.endsWith("\n")) this.element.append(made("div"));
    const span = made("span", kind, ...Array.from(text, (one) => (isUnseen(one) ? made("span", "sign", sign(one)) : one)));
    if (text === "\n") span.classList.add("end");
    if (piece) {
      span.tabIndex = -1;
      this.pieces.set(span, piece);
    }
    this.element.lastChild.append(span);
  }

  /** Return all draws, in order. */
  draws() {
    return [...this.pieces.values()].flatMap(({ draws }) => draws);
  }

  /** Return the text as it is, to be copied. */
  text() {
    return this.texts.join("");
  }

  pieceAt(target) {
    return target.closest?.("#written .drawn") ?? null;
  }

  /** Tell of the character that is pointed at, else of the one that has the focus. */
  look(target) {
    const span = this.pieceAt(target) ?? this.pieceAt(document.activeElement);
    if (!span) return this.leave();
    const piece = this.pieces.get(span);
    const { alignment } = piece.draws[piece.draws.length - 1];
    this.source.look(alignment);
    this.card.show(piece, span, alignment ? [this.source.inWords(alignment)] : []);
  }

  leave() {
    this.card.hide();
    this.source.look(null);
  }

  focus(target) {
    const span = this.pieceAt(target);
    if (!span) return;
    span.focus({ preventScroll: false });
  }

  /** Move the focus with the keys of a text. */
  move(event) {
    const here = this.pieceAt(document.activeElement);
    const all = [...this.pieces.keys()];
    const at = all.indexOf(here);
    const keys = {
      ArrowRight: () => all[at + 1],
      ArrowLeft: () => all[Math.max(at - 1, 0)],
      ArrowDown: () => this.inNextLine(all, at, 1),
      ArrowUp: () => this.inNextLine(all, at, -1),
      Home: () => all[0],
      End: () => all[all.length - 1],
      Escape: () => this.element,
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]()?.focus();
    if (event.key === "Escape") this.leave();
  }

  /** Return the character above or below one. */
  inNextLine(all, at, direction) {
    if (at < 0) return all[0];
    const place = (k) => all[k].getClientRects()[0];
    const [from, isOther] = [place(at), (k) => Math.abs(place(k).top - place(at).top) > 4];
    let k = at;
    while (all[k] && !isOther(k)) k += direction;
    if (!all[k]) return all[at];
    const line = place(k).top;
    const inLine = [];
    for (; all[k] && Math.abs(place(k).top - line) <= 4; k += direction) inLine.push(k);
    const distance = (one) => Math.abs(place(one).left - from.left);
    return all[inLine.reduce((best, one) => (distance(one) < distance(best) ? one : best))];
  }
}
