// The network: read one character, give the logits of the next one. The equations are those of
// charrnn/models/reference.py and charrnn/cells/; sums have 64 bits, what is kept has 32.

const NOTHING = -1; // the id where no character was read
const ID_RANGE = 2 ** 21; // Unicode has fewer characters

// ---- Arrays ------------------------------------------------------------------------------------

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < bytes.length; k++) bytes[k] = text.charCodeAt(k); // a callback for each takes seconds
  return bytes;
}

const NUMBERS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int8: Int8Array, float32: Float32Array };

function numbersOf({ dtype, data }) {
  return new NUMBERS[dtype](bytesOf(data).buffer);
}

/** Return the numbers that float16 writes in two bytes each. */
function fromHalves(halves) {
  const table = Float32Array.from({ length: 1 << 16 }, (_, bits) => {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
    return bits >> 15 ? -size : size;
  });
  const values = new Float32Array(halves.length);
  for (let k = 0; k < values.length; k++) values[k] = table[halves[k]];
  return values;
}

/** Return a matrix of float32; a vector is one with a single column. */
function matrixOf({ shape, format, data, scales }) {
  const [rows, columns = 1] = shape;
  if (format === "float32") return { rows, columns, values: numbersOf({ dtype: "float32", data }) };
  if (format === "float16") return { rows, columns, values: fromHalves(numbersOf({ dtype: "uint16", data })) };
  const whole = numbersOf({ dtype: "int8", data });
  const scale = numbersOf({ dtype: "float32", data: scales });
  const values = new Float32Array(whole.length);
  for (let row = 0, k = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, k++) values[k] = whole[k] * scale[row];
  }
  return { rows, columns, values };
}

/** Return matrix @ x + bias, with 64 bits. Two sums at once do not wait for each other. */
function affine({ rows, columns, values }, x, bias) {
  const y = new Float64Array(rows);
  for (let row = 0, k = 0; row < rows; row++) {
    let even = 0, odd = 0;
    let column = 0;
    for (; column + 1 < columns; column += 2, k += 2) {
      even += values[k] * x[column];
      odd += values[k + 1] * x[column + 1];
    }
    if (column < columns) even += values[k++] * x[column];
    y[row] = even + odd + (bias ? bias.values[row] : 0);
  }
  return y;
}

/** Return vectors side by side. */
function joined(vectors) {
  const all = new Float32Array(vectors.reduce((size, vector) => size + vector.length, 0));
  let start = 0;
  for (const vector of vectors) {
    all.set(vector, start);
    start += vector.length;
  }
  return all;
}

// ---- Cells -------------------------------------------------------------------------------------
// Each takes the products of all gates with the input, x, and with the state, s (biases are in
// both), and the state, arrays of H numbers; it returns the new state. The layer above reads the
// first array.

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

const CELLS = {
  rnn: {
    numArrays: 1,
    step(x, s, [h]) {
      return [h.map((_, j) => Math.tanh(x[j] + s[j]))];
    },
  },
  gru: {
    numArrays: 1,
    step(x, s, [h]) {
      const H = h.length;
      return [h.map((before, j) => {
        const r = sigmoid(x[j] + s[j]);
        const z = sigmoid(x[H + j] + s[H + j]);
        const n = Math.tanh(x[2 * H + j] + r * s[2 * H + j]);
        return (1 - z) * n + z * before;
      })];
    },
  },
  lstm: {
    numArrays: 2,
    step(x, s, [h, c]) {
      const H = h.length;
      const gate = (k, j) => x[k * H + j] + s[k * H + j]; // i, f, g, o
      const next = c.map((before, j) => sigmoid(gate(1, j)) * before + sigmoid(gate(0, j)) * Math.tanh(gate(2, j)));
      return [h.map((_, j) => sigmoid(gate(3, j)) * Math.tanh(next[j])), next];
    },
  },
  cifg: {
    numArrays: 2,
    step(x, s, [h, c]) {
      const H = h.length;
      const gate = (k, j) => x[k * H + j] + s[k * H + j]; // f, o, g
      const next = c.map((before, j) => {
        const g = Math.tanh(gate(2, j));
        return g + sigmoid(gate(0, j)) * (before - g);
      });
      return [h.map((_, j) => sigmoid(gate(1, j)) * Math.tanh(next[j])), next];
    },
  },
};

/** One recurrent layer: (x, state) → the next state. */
class Layer {
  constructor(cell, arrays, name) {
    this.cell = CELLS[cell];
    [this.weightIh, this.weightHh, this.biasIh, this.biasHh] = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(
      (part) => matrixOf(arrays[`${name}.${part}`]),
    );
  }

  start() {
    return Array.from({ length: this.cell.numArrays }, () => new Float32Array(this.weightHh.columns));
  }

  step(x, state) {
    return this.cell.step(affine(this.weightIh, x, this.biasIh), affine(this.weightHh, state[0], this.biasHh), state);
  }
}

// ---- N-grams -----------------------------------------------------------------------------------

/** The embeddings of a character and of the n-grams that end with it: as charrnn/models/ngrams.py. */
class Embeddings {
  constructor(arrays, longest) {
    this.matrix = matrixOf(arrays.embedding);
    this.parts = []; // of each length from 2: the row by the row of the shorter one and a character
    let start = 0;
    for (let length = 2; length <= longest; length++) {
      const { rows, ids, size } = arrays[`ngrams.${length}`];
      const [shorter, earlier] = [numbersOf(rows), numbersOf(ids)];
      const rowOf = new Map();
      shorter.forEach((row, k) => rowOf.set(row * ID_RANGE + earlier[k], k + 1));
      this.parts.push({ rowOf, start });
      start += size;
    }
    this.startOfCharacters = start;
  }

  /** Return the rows for the last of some characters, NOTHING where none was read. */
  rowsOf(context) {
    let row = context[context.length - 1];
    const rows = [this.startOfCharacters + row];
    this.parts.forEach(({ rowOf, start }, k) => {
      row = rowOf.get(row * ID_RANGE + context[context.length - 2 - k]) ?? 0; // after NOTHING it is no key
      rows.push(start + row);
    });
    return rows;
  }

  /** Return the embeddings in some rows, side by side. */
  read(rows) {
    const { columns, values } = this.matrix;
    return joined(rows.map((row) => values.subarray(row * columns, (row + 1) * columns)));
  }
}

// ---- The language model ------------------------------------------------------------------------

class LanguageModel {
  constructor(model, arrays) {
    this.model = model;
    this.embeddings = new Embeddings(arrays, model.ngrams);
    this.layers = Array.from({ length: model.num_layers }, (_, k) => new Layer(model.cell, arrays, `layers.${k}`));
    this.head = matrixOf(arrays["head.weight"]);
    this.headBias = matrixOf(arrays["head.bias"]);
  }

  /** Return the state before the first character. A state is never changed. */
  start() {
    return { layers: this.layers.map((layer) => layer.start()), before: Array(this.model.ngrams - 1).fill(NOTHING) };
  }

  /** Read one character; return the logits of the next one, and the new state. */
  step(id, state) {
    const context = [...state.before, id];
    const read = this.embeddings.read(this.embeddings.rowsOf(context));
    let x = read;
    const layers = this.layers.map((layer, k) => {
      const next = layer.step(x, state.layers[k]);
      x = next[0];
      return next;
    });
    if (this.model.skip) x = joined([x, read]);
    const logits = Float32Array.from(affine(this.head, x, this.headBias));
    return { logits, state: { layers, before: context.slice(1) } };
  }
}
