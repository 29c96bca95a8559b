// What a voice does with what is typed: it writes on, makes up records, translates, decides. A speaker
// yields pieces, and null between two steps, so that it can be stopped anywhere.
//
// A piece is a text, and for each of its symbols what it was chosen from (see drawing.js); a piece
// without any was given, or ends a record.

const MAX_PROMPT = 100_000; // characters, the last ones
const MAX_RECORD = 10_000; // characters; a longer record is dropped
const MAX_SOURCE = 10_000; // symbols
const SLACK = 10; // symbols of a target beyond the longest one learned
const RECORD_END = { lines: "\n", blank: "\n\n" };

const given = (text) => ({ text, draws: [] });

/** Makes text of symbols as they come: what a later symbol may still change is held back. */
class Spelling {
  constructor(vocabulary) {
    this.vocabulary = vocabulary;
    this.decoder = vocabulary.kind === "bytes" ? new TextDecoder("utf-8", { ignoreBOM: true }) : null;
    this.composes = ["nfd", "nfkd"].includes(vocabulary.normalise);
    this.draws = []; // of what is held back
    this.held = ""; // a letter that an accent may follow
    this.separator = "";
  }

  /** Yield the piece that a draw completes, if it does. */
  *add(draw) {
    const symbol = this.vocabulary.symbols[draw.id];
    if (this.composes) yield* this.begunAnew(symbol);
    this.draws.push(draw);
    if (this.composes) this.held += symbol;
    else if (this.decoder) yield* this.piece(this.decoder.decode(Uint8Array.of(symbol.charCodeAt(0)), { stream: true }));
    else yield* this.piece(this.separator + symbol);
    if (this.vocabulary.kind === "spaces") this.separator = " ";
  }

  /** Yield what is held back, if a symbol begins a new character. */
  *begunAnew(symbol) {
    const together = (this.held + symbol).normalize("NFC");
    const isNew = !/\p{M}/u.test(symbol) && together === this.held.normalize("NFC") + symbol.normalize("NFC");
    if (isNew) yield* this.end();
  }

  *piece(text) {
    if (text) yield { text, draws: this.draws.splice(0) };
  }

  /** Yield what is held back at the end. */
  *end() {
    const text = this.decoder ? this.decoder.decode() : this.held.normalize("NFC");
    this.held = "";
    yield* this.piece(text);
  }
}

/** Continues a prompt with a language model; what it does between two yields is a step or so. */
class Writer {
  constructor(facts, arrays) {
    this.network = new LanguageModel(facts.model, arrays);
    this.vocabulary = new Vocabulary(facts.vocabs.text);
    this.facts = facts;
  }

  /** Return a prompt in known characters, and those that are left out. */
  known(prompt) {
    const symbols = this.vocabulary.split(folded(prompt, this.vocabulary));
    const isKnown = (symbol) => this.vocabulary.idOf(symbol) >= 0;
    return { symbols: symbols.filter(isKnown), unknown: [...new Set(symbols.filter((one) => !isKnown(one)))] };
  }

  /** Read symbols; set the state after them, and the logits of the next one. */
  *read(symbols) {
    const ids = symbols.slice(-MAX_PROMPT).map((symbol) => this.vocabulary.idOf(symbol));
    if (!ids.length || this.facts.records !== "none") ids.unshift(this.facts.start_id);
    this.state = this.network.start();
    for (const id of ids) {
      this.take(id);
      yield null;
    }
  }

  take(id) {
    ({ logits: this.logits, state: this.state } = this.network.step(id, this.state));
  }

  /** Draw the next symbol; return its draw. */
  draw(temperature, random) {
    if (this.vocabulary.unknown >= 0) this.logits[this.vocabulary.unknown] = -Infinity;
    const weights = weightsAt(this.logits, temperature);
    return drawn(weights, pick(weights, random()));
  }

  /** Yield the pieces of a new text. */
  *write({ prompt, temperature, seed, length }) {
    const { symbols, unknown } = this.known(prompt);
    tell({ type: "unknown", symbols: unknown, became: "left out" });
    if (prompt) yield given(prompt);
    yield* this.read(symbols);
    this.random = randomNumbers(seed, [0]);
    this.unread = null; // the last symbol that was drawn
    this.spelling = new Spelling(this.vocabulary);
    yield* this.goOn({ temperature, length });
  }

  /** Yield so many symbols more. */
  *goOn({ temperature, length }) {
    for (let num = 0; num < length; num++) {
      if (this.unread !== null) this.take(this.unread);
      const draw = this.draw(temperature, this.random);
      this.unread = draw.id;
      yield* this.spelling.add(draw);
      yield null;
    }
  }
}

/** Writes records, each with random numbers of its own. A length counts records. */
class RecordWriter extends Writer {
  *write({ prompt, temperature, seed, length }) {
    const end = RECORD_END[this.facts.records];
    if (this.facts.records === "lines" && prompt.endsWith("\n")) prompt = prompt.slice(0, -1);
    if (prompt.includes(end)) throw new Error("the beginning holds the end of a record: an empty line, or a line end");
    const { symbols, unknown } = this.known(prompt);
    tell({ type: "unknown", symbols: unknown, became: "left out" });
    yield* this.read(symbols);
    const spelling = new Spelling(this.vocabulary);
    const shown = this.vocabulary.kind === "bytes" ? prompt : symbols.join("");
    this.begun = { shown, spelled: symbols.join(""), state: this.state, logits: this.logits, seed, end, spelling };
    this.number = 0; // of the next record
    yield* this.goOn({ temperature, length });
  }

  *goOn({ temperature, length }) {
    for (let num = 0; num < length; ) {
      const draws = yield* this.record(temperature);
      if (!draws) continue;
      if (this.begun.shown) yield given(this.begun.shown);
      for (const draw of draws) yield* this.begun.spelling.add(draw);
      yield* this.begun.spelling.end();
      yield { text: "", draws: [], endsRecord: true };
      num++;
    }
  }

  /** Return the draws of the next record, its end included; null if it is none. */
  *record(temperature) {
    const { state, logits, seed, end, spelled } = this.begun;
    Object.assign(this, { state, logits: logits.slice() });
    const random = randomNumbers(seed, [this.number++]);
    const draws = [];
    let text = "";
    while (text.length < MAX_RECORD) {
      const draw = this.draw(temperature, random);
      draws.push(draw);
      text += this.vocabulary.symbols[draw.id];
      yield null;
      if (text.endsWith(end)) return (spelled + text).indexOf(end) < (spelled + text).length - end.length ? null : draws;
      this.take(draw.id);
    }
    return null;
  }
}

/** Writes the target of a source, symbol by symbol, and tells what it looked at. */
class Translator {
  constructor(facts, arrays) {
    this.network = new EncoderDecoder(facts.model, facts.directions, arrays);
    [this.source, this.target] = [facts.vocabs.source, facts.vocabs.target].map((each) => new Vocabulary(each));
    this.facts = facts;
  }

  *write({ prompt, temperature, seed }) {
    const ids = read(this.source, prompt);
    const spelling = new Spelling(this.target);
    const steps = this.draws(ids, temperature, randomNumbers(seed, [0, 0]));
    for (const draw of steps) yield* draw ? spelling.add(draw) : [null];
    yield* spelling.end();
  }

  /** Yield the draws of a target, and null between them; return whether it came to its end. */
  *draws(ids, temperature, random) {
    const limit = this.longest(ids.length);
    let { memory, state } = this.network.start(ids);
    let id = BOUNDARY;
    for (let t = 0; t <= limit; t++) {
      const step = this.network.step(id, memory, state);
      const weights = weightsAt(step.logits, temperature);
      ({ state } = step);
      id = pick(weights, random());
      if (id === BOUNDARY) return true;
      if (t < limit) yield { ...drawn(weights, id), alignment: step.alignment };
      yield null;
    }
    return false;
  }

  /** Return how many symbols the target of a source may have: as `Translator.longest_target`. */
  longest(numSymbols) {
    const [source, target] = this.facts.longest;
    const inProportion = Math.floor((target * numSymbols) / Math.max(source, 1));
    return SLACK + Math.min(Math.max(target, inProportion), MAX_SOURCE);
  }
}

/** Writes texts of a label, each with random numbers of its own. A length counts texts. */
class GivenWriter extends Translator {
  *write({ prompt, temperature, seed, length }) {
    Object.assign(this, { ids: this.source.split(prompt).map((label) => this.source.idOf(label)), seed, number: 0 });
    yield* this.goOn({ temperature, length });
  }

  *goOn({ temperature, length }) {
    for (let num = 0; num < length; ) {
      const pieces = yield* this.text(temperature);
      if (!pieces) continue;
      yield* pieces;
      yield { ...given("\n"), endsRecord: true };
      num++;
    }
  }

  /** Return the pieces of the next text; null if it does not end by itself. */
  *text(temperature) {
    const steps = this.draws(this.ids, temperature, randomNumbers(this.seed, [this.number++, 0]));
    const spelling = new Spelling(this.target);
    const pieces = [];
    for (;;) {
      const { value, done } = steps.next();
      if (done) return value ? [...pieces, ...spelling.end()] : null;
      if (value) pieces.push(...spelling.add({ ...value, alignment: null })); // there is one symbol to look at
      yield null;
    }
  }
}

/** Decides on the label of a text. */
class Labeller {
  constructor(facts, arrays) {
    this.network = new Decider(facts, arrays);
    [this.source, this.target] = [facts.vocabs.source, facts.vocabs.target].map((each) => new Vocabulary(each));
    this.facts = facts;
  }

  *write({ prompt }) {
    const draw = likeliest(this.network.label(read(this.source, prompt)));
    yield { text: this.target.symbols[draw.id], draws: [draw] };
  }
}

/** Decides on each symbol of a text. */
class Tagger extends Labeller {
  *write({ prompt }) {
    const ids = read(this.source, prompt);
    const symbols = this.source.split(prompt);
    const spelling = new Spelling(this.target);
    for (const [k, logits] of this.network.symbols(ids).entries()) {
      if (ids[k] !== BOUNDARY || !this.facts.leaves_unknown) {
        yield* spelling.add(likeliest(logits));
        continue;
      }
      yield* spelling.end();
      yield given(spelling.separator + symbols[k]); // the model does not know it
      if (this.target.kind === "spaces") spelling.separator = " ";
    }
    yield* spelling.end();
  }
}

function likeliest(logits) {
  return drawn(weightsAt(logits, 1), pick(weightsAt(logits, 0), 0.5));
}

/** Return the ids of a source, and tell what it is made of. */
function read(vocabulary, text) {
  const symbols = vocabulary.split(text);
  const ids = symbols.map((symbol) => vocabulary.idOf(symbol));
  if (!ids.length) throw new Error("there is nothing to read: type a text first");
  if (ids.length > MAX_SOURCE) throw new Error(`the text has more than ${MAX_SOURCE.toLocaleString("en")} symbols`);
  tell({ type: "read", symbols: symbols.map((symbol) => vocabulary.labelOf(symbol)) });
  const unknown = new Set(symbols.filter((_, k) => ids[k] === BOUNDARY));
  tell({ type: "unknown", symbols: [...unknown], became: "read as an unknown one" });
  return ids;
}

const SPEAKERS = {
  language_model: (facts, arrays) => (facts.records === "none" ? new Writer(facts, arrays) : new RecordWriter(facts, arrays)),
  seq2seq: (facts, arrays) => new Translator(facts, arrays),
  given: (facts, arrays) => new GivenWriter(facts, arrays),
  classify: (facts, arrays) => new Labeller(facts, arrays),
  tag: (facts, arrays) => new Tagger(facts, arrays),
};
