// From logits to symbols, with the draws of `charrnn sample`: as charrnn/generation/sampler.py.
//
// Random numbers are those of numpy.random.default_rng(SeedSequence(seed, spawn_key=key)): a seed
// sequence (O'Neill, 2015, "Developing a seed_seq alternative") that starts a PCG64 generator
// (O'Neill, 2014, PCG: XSL RR 128/64). Tests hold them to numpy's, to the bit.

const POOL_SIZE = 4;
const COLDEST = 1e-200; // a lower temperature would overflow

/** Return the words of 32 bits of a whole number, the lowest first. */
function wordsOf(number) {
  const words = [];
  do {
    words.push(Number(number & 0xffffffffn));
    number >>= 32n;
  } while (number > 0n);
  return words;
}

/** Return a function that scrambles one word after another. */
function hashing(constant, multiplier) {
  return (word) => {
    word ^= constant;
    constant = Math.imul(constant, multiplier);
    word = Math.imul(word, constant);
    return word ^ (word >>> 16);
  };
}

function mixed(one, other) {
  const word = Math.imul(0xca01f9dd, one) - Math.imul(0x4973f715, other);
  return word ^ (word >>> 16);
}

/** Return so many words of 32 bits that follow from a seed and a key. */
function seedWords(seed, key, count) {
  const entropy = wordsOf(BigInt(seed));
  if (key.length) while (entropy.length < POOL_SIZE) entropy.push(0);
  for (const number of key) entropy.push(...wordsOf(BigInt(number)));
  const scrambled = hashing(0x43b0d7e5, 0x931e8875);
  const pool = Array.from({ length: POOL_SIZE }, (_, k) => scrambled(entropy[k] ?? 0));
  for (let from = 0; from < POOL_SIZE; from++) {
    for (let to = 0; to < POOL_SIZE; to++) {
      if (from !== to) pool[to] = mixed(pool[to], scrambled(pool[from]));
    }
  }
  for (const word of entropy.slice(POOL_SIZE)) {
    for (let to = 0; to < POOL_SIZE; to++) pool[to] = mixed(pool[to], scrambled(word));
  }
  const output = hashing(0x8b51f9dd, 0x58f38ded);
  return Array.from({ length: count }, (_, k) => output(pool[k % POOL_SIZE]) >>> 0);
}

const MASK_64 = (1n << 64n) - 1n;
const MASK_128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/** Return a function that gives uniform numbers in [0, 1): those of a seed and a key. */
function randomNumbers(seed, key) {
  const words = seedWords(seed, key, 8).map(BigInt);
  const [start, increment] = [0, 4].map(
    (k) => ((words[k] | (words[k + 1] << 32n)) << 64n) | words[k + 2] | (words[k + 3] << 32n),
  );
  const step = ((increment << 1n) | 1n) & MASK_128;
  const next = (state) => (state * MULTIPLIER + step) & MASK_128;
  let state = next((step + start) & MASK_128);
  return () => {
    state = next(state);
    const folded = (state >> 64n) ^ (state & MASK_64);
    const turn = state >> 122n;
    const number = ((folded >> turn) | (folded << ((64n - turn) & 63n))) & MASK_64;
    return Number(number >> 11n) / 2 ** 53;
  };
}

/** Return what each symbol weighs at a temperature; 0 is all for the likeliest. */
function weightsAt(logits, temperature) {
  let likeliest = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[likeliest]) likeliest = i;
  const weights = new Float64Array(logits.length);
  for (let i = 0; i < logits.length; i++) {
    weights[i] = temperature === 0
      ? Number(i === likeliest)
      : Math.exp((logits[i] - logits[likeliest]) / Math.max(temperature, COLDEST));
  }
  return weights;
}

/** Return the id that a uniform number in [0, 1) picks: the inverse of the cumulative sum. */
function pick(weights, uniform) {
  const sought = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  let reached = 0;
  for (let i = 0; i < weights.length; i++) {
    reached += weights[i];
    if (reached > sought) return i;
  }
  return weights.length - 1;
}

const NUM_SHOWN = 8; // symbols of a distribution that the page can show

/** Return what is shown of a draw: the id, and the likeliest symbols with their probabilities. */
function drawn(weights, id) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const likeliest = []; // ids, the likeliest first
  for (let i = 0; i < weights.length; i++) {
    let place = likeliest.length;
    while (place > 0 && weights[likeliest[place - 1]] < weights[i]) place--;
    if (place < NUM_SHOWN) likeliest.splice(place, 0, i);
    if (likeliest.length > NUM_SHOWN) likeliest.pop();
  }
  const top = likeliest.filter((i) => weights[i] > 0 || i === id).map((i) => [i, weights[i] / total]);
  if (!likeliest.includes(id)) top[top.length - 1] = [id, weights[id] / total];
  return { id, top };
}
