// Networks that read a whole text before they write or decide. The equations are those of
// charrnn/models/encoders/, seq2seq/equations.py, classifier/classifier_equations.py and
// tagger/tagger_equations.py, for one text.

const BOUNDARY = 0; // the id before and after a text

/** Recurrent layers that read a text in one direction or in both. */
class Encoder {
  constructor(model, directions, arrays) {
    this.layers = Array.from({ length: model.encoder_layers }, (_, k) =>
      directions.map((way) => ({ isBackwards: way === "backwards", layer: new Layer(model.cell, arrays, `encoder.${k}.${way}`) })),
    );
  }

  /** Return h of the last layer after each symbol, for each direction. */
  read(vectors) {
    let ways;
    for (const both of this.layers) {
      ways = both.map(({ layer, isBackwards }) => {
        const h = [];
        const order = isBackwards ? [...vectors.keys()].reverse() : vectors.keys();
        let state = layer.start();
        for (const s of order) {
          state = layer.step(vectors[s], state);
          h[s] = state[0];
        }
        return { h, last: state[0] };
      });
      vectors = vectors.map((_, s) => joined(ways.map(({ h }) => h[s])));
    }
    return { vectors, lasts: ways.map(({ last }) => last) };
  }
}

function softmax(scores) {
  const weights = weightsAt(scores, 1);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Return the sum of vectors, each with a weight. */
function weighted(vectors, weights) {
  const sum = new Float32Array(vectors[0].length);
  return sum.map((_, j) => vectors.reduce((total, vector, s) => total + weights[s] * vector[j], 0));
}

class EncoderDecoder {
  constructor(model, directions, arrays) {
    this.model = model;
    this.encoder = new Encoder(model, directions, arrays);
    this.decoder = Array.from({ length: model.decoder_layers }, (_, k) => new Layer(model.cell, arrays, `decoder.${k}`));
    const [source, target] = [arrays.source_embedding, arrays.target_embedding].map(matrixOf);
    const row = ({ columns, values }, id) => values.subarray(id * columns, (id + 1) * columns);
    this.source = (id) => row(source, id);
    this.target = (id) => row(target, id);
    const names = ["bridge.weight", "bridge.bias", "head.weight", "head.bias"];
    [this.bridge, this.bridgeBias, this.head, this.headBias] = names.map((name) => matrixOf(arrays[name]));
    this.attention = model.attention === "none" ? null : matrixOf(arrays["attention.weight"]);
  }

  /** Read a source of at least one symbol; return the memory and the decoder's first state. */
  start(ids) {
    const { vectors } = this.encoder.read(ids.map(this.source));
    const shares = vectors.map(() => 1 / vectors.length);
    const pooled = this.attention ? weighted(vectors, shares) : vectors[0]; // the one read last
    const first = affine(this.bridge, pooled, this.bridgeBias).map(Math.tanh);
    const { hidden_size: H } = this.model;
    let place = 0;
    const state = this.decoder.map((layer) => layer.start().map(() => Float32Array.from(first.slice(place, (place += H)))));
    return { memory: vectors, state };
  }

  /** Return what the decoder looks at, and how much of it is each vector of the memory. */
  attend(h, memory) {
    const query = affine(this.attention, h);
    const scale = Math.sqrt(query.length);
    const scores = memory.map((vector) => vector.reduce((sum, number, j) => sum + (number * query[j]) / scale, 0));
    const alignment = softmax(scores);
    return { context: weighted(memory, alignment), alignment: Array.from(alignment) };
  }

  /** Read a symbol of the target, first the boundary; return logits, state and alignment. */
  step(id, memory, state) {
    let x = this.target(id);
    let looked = null;
    const next = this.decoder.map((layer, k) => {
      if (k === 1 && looked) x = joined([x, looked.context]);
      const after = layer.step(x, state[k]);
      x = after[0];
      if (k === 0 && this.attention) looked = this.attend(x, memory);
      return after;
    });
    if (looked) x = joined([x, looked.context]);
    const logits = Float32Array.from(affine(this.head, x, this.headBias));
    return { logits, state: next, alignment: looked?.alignment ?? null };
  }
}

/** Reads a text with its n-grams and decides: once, on its label, or on each of its symbols. */
class Decider {
  constructor(facts, arrays) {
    this.model = facts.model;
    this.readsAhead = facts.reads_ahead;
    this.embeddings = new Embeddings(arrays, facts.model.ngrams);
    this.encoder = new Encoder(facts.model, facts.directions, arrays);
    this.head = matrixOf(arrays["head.weight"]);
    this.headBias = matrixOf(arrays["head.bias"]);
  }

  /** Return embeddings and what the encoder gives, for a text between two boundaries. */
  read(ids) {
    const whole = [BOUNDARY, ...ids, BOUNDARY];
    const before = this.model.ngrams - 1;
    const ahead = this.readsAhead ? before : 0;
    const padded = [...Array(before).fill(NOTHING), ...whole, ...Array(ahead).fill(BOUNDARY)];
    const ending = Array.from({ length: whole.length + ahead }, (_, s) =>
      this.embeddings.rowsOf(padded.slice(s, s + before + 1)),
    );
    const beginning = (s) => Array.from({ length: ahead }, (_, k) => ending[s + k + 1][k + 1]); // ends k + 1 later
    const x = whole.map((_, s) => this.embeddings.read([...ending[s], ...beginning(s)]));
    return { x, ...this.encoder.read(x) };
  }

  /** Return the logits of ids of targets, of which the boundary is none. */
  decided(vectors) {
    return Float32Array.from([-Infinity, ...affine(this.head, joined(vectors), this.headBias)]);
  }

  /** Return the logits of the label of a text. */
  label(ids) {
    const { x, vectors, lasts } = this.read(ids);
    const pooled = [...pool(vectors), ...lasts, ...(this.model.skip ? pool(x) : [])];
    return this.decided(pooled);
  }

  /** Return the logits for each symbol of a text. */
  symbols(ids) {
    const { x, vectors } = this.read(ids);
    return ids.map((_, k) => this.decided(this.model.skip ? [vectors[k + 1], x[k + 1]] : [vectors[k + 1]]));
  }
}

/** Return the mean of vectors, and their maximum, number by number. */
function pool(vectors) {
  const mean = weighted(vectors, vectors.map(() => 1 / vectors.length));
  return [mean, mean.map((_, j) => vectors.reduce((largest, vector) => Math.max(largest, vector[j]), -Infinity))];
}
