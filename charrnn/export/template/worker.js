// The worker: it has the network and writes, so that the page never waits. It speaks in messages.
//
//   from the page   load {facts, arrays} · write {…what the form has} · goOn {…} · stop {}
//   to the page     ready {} · read {unknown} · written {pieces} · ended {isStopped} · failed {message}
//
// Each has the number of a job, so that what comes too late is not taken for something newer.
// A piece is a text, and for each of its symbols what it was drawn from (see drawing.js); a piece
// without any was given, or ends a record.

const MAX_PROMPT = 100_000; // characters, the last ones
const MAX_RECORD = 10_000; // characters; a longer record is dropped
const SLICE_MS = 25; // of work, before a message from the page is looked for
const RECORD_END = { lines: "\n", blank: "\n\n" };

const given = (text) => ({ text, draws: [] });

/** Makes text of symbols as they come: bytes wait until their character is whole. */
class Spelling {
  constructor(vocabulary) {
    this.vocabulary = vocabulary;
    this.decoder = vocabulary.kind === "bytes" ? new TextDecoder("utf-8", { ignoreBOM: true }) : null;
    this.held = [];
  }

  /** Yield the piece that a draw completes, if it does. */
  *add(draw) {
    const symbol = this.vocabulary.symbols[draw.id];
    this.held.push(draw);
    const text = this.decoder ? this.decoder.decode(Uint8Array.of(symbol.charCodeAt(0)), { stream: true }) : symbol;
    if (text) yield { text, draws: this.held.splice(0) };
  }

  /** Yield what is left of a character at the end. */
  *end() {
    const text = this.decoder ? this.decoder.decode() : "";
    if (text) yield { text, draws: this.held.splice(0) };
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
    tell({ type: "read", unknown });
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
    tell({ type: "read", unknown });
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

// ---- Messages ----------------------------------------------------------------------------------

let speaker;
let job; // of the message that is answered
let isStopped = false;

const tell = (message) => postMessage({ ...message, job });
const pause = () => new Promise((resolve) => setTimeout(resolve));

/** Post the pieces of a job as they come, a slice of time at a time. */
async function run(pieces, own) {
  try {
    for (let isDone = false; !isDone && !isStopped && own === job; await pause()) {
      const ready = [];
      const until = performance.now() + SLICE_MS;
      while (!isDone && performance.now() < until) {
        const { value, done } = pieces.next();
        if (value) ready.push(value);
        isDone = done;
      }
      if (ready.length) tell({ type: "written", pieces: ready });
      if (isDone) tell({ type: "ended", isStopped: false });
    }
  } catch (error) {
    tell({ type: "failed", message: error.message });
  }
}

const WRITERS = {
  language_model: (facts, arrays) => (facts.records === "none" ? new Writer(facts, arrays) : new RecordWriter(facts, arrays)),
};

const ANSWERS = {
  load({ facts, arrays }) {
    speaker = WRITERS[facts.task](facts, JSON.parse(arrays));
    tell({ type: "ready" });
  },
  write: (request) => run(speaker.write(request), request.job),
  goOn: (request) => run(speaker.goOn(request), request.job),
  stop() {
    isStopped = true;
    tell({ type: "ended", isStopped });
  },
};

if (typeof onmessage !== "undefined") {
  onmessage = ({ data }) => {
    job = data.job;
    isStopped = false;
    ANSWERS[data.type](data);
  };
}
