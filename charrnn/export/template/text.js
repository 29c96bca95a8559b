// Symbols: what a network reads and writes, and how a person sees it.

const BLANKS = { "\n": "↵", "\t": "⇥", " ": "␣" };
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/u;

/** Return whether a character is one that shows nothing, or that changes how others are shown. */
function isUnseen(character) {
  return !"\n\t".includes(character) && UNSEEN.test(character);
}

/** Return a sign for an unseen character: ␛ for ESC, U+202E for one that turns a line round. */
function sign(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "␡";
  return "U+" + code.toString(16).toUpperCase().padStart(4, "0");
}

/** Return a text with signs in place of unseen characters. */
function visible(text) {
  return Array.from(text, (character) => (isUnseen(character) ? sign(character) : character)).join("");
}

/** Return a symbol that stands by itself, in a list: a space and a line end have a sign, too. */
function named(symbol) {
  const shown = BLANKS[symbol] ?? (/^\p{Zs}$/u.test(symbol) ? sign(symbol) : visible(symbol));
  return /^\p{M}/u.test(shown) ? "◌" + shown : shown;
}

/** The symbols of a text, and their ids: as charrnn/data/vocab.py and data/pairs/symbols.py. */
class Vocabulary {
  /**
   * kind: characters, bytes, spaces or whole; symbols: in id order, null for the one that stands
   * for none, whose name is reserved.
   */
  constructor({ kind, symbols, normalise, reserved }) {
    Object.assign(this, { kind, symbols, normalise, reserved });
    this.unknown = symbols.indexOf(null);
    this.ids = new Map(symbols.map((symbol, id) => [symbol, id]));
    this.ids.delete(null);
  }

  /** Return the symbols of a text, known or not; a byte is the character of its code. */
  split(text) {
    if (this.normalise !== "none") text = text.normalize(this.normalise.toUpperCase());
    if (this.kind === "bytes") return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte));
    if (this.kind === "characters") return Array.from(text);
    const words = text.split(/\s+/u).filter(Boolean);
    return this.kind === "spaces" || !words.length ? words : [words.join(" ")];
  }

  /** Return the id of a symbol; of an unknown one -1, unless such symbols share an id. */
  idOf(symbol) {
    return this.ids.get(symbol) ?? this.unknown;
  }

  /** Return the symbol of an id, for a list. */
  nameOf(id) {
    return this.symbols[id] === null ? this.reserved : this.labelOf(this.symbols[id]);
  }

  /** Return a symbol, for a list: a byte outside ASCII by its code. */
  labelOf(symbol) {
    const isHigh = this.kind === "bytes" && symbol > "\x7f";
    return isHigh ? symbol.charCodeAt(0).toString(16).toUpperCase() : named(symbol);
  }
}

// Unknown characters in a form that the model knows: as charrnn/generation/folding.py.
const LOOK_ALIKES = ["'’‘‚‛ʼ`´", '"“”„‟«»', "-–—‒―‐‑−", " \u00a0\u202f\u2009\t"];

/** Return a text in which unknown characters that have a known form take it: “ as ". */
function folded(text, vocabulary) {
  const isKnown = (form) => Array.from(form).every((character) => vocabulary.ids.has(character));
  if (vocabulary.kind === "bytes" || isKnown(text)) return text;
  const marks = Array.from(text).filter((character) => /\p{M}/u.test(character) && !isKnown(character));
  if (marks.length) {
    text = text.replace(new RegExp(`.[${marks.join("")}]+`, "gu"), (letter) => {
      const composed = letter.normalize("NFC");
      return isKnown(composed) ? composed : letter;
    });
  }
  return Array.from(text, (character) => (isKnown(character) ? character : simpler(character, isKnown))).join("");
}

/** Return a character in known ones, or as it is. */
function simpler(character, isKnown) {
  const forms = ["NFC", "NFD", "NFKC", "NFKD"].map((form) => character.normalize(form));
  for (const alike of LOOK_ALIKES) if (alike.includes(character)) forms.push(...alike);
  return forms.find((form) => form !== character && isKnown(form)) ?? character;
}
