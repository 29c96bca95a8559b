/* Streams of a language model, as in step_numpy.py: n characters of each are drawn and read in one
   call. Each stream gives what it would give alone, to the last bit.

   step_c.py lays the weights out and calls `run_streams` by ctypes, in any number of threads. It
   computes what numpy computes, but for rounding: sums are added in another order, and tanh and exp
   are exact to 2e-7. Nothing is allocated, and no index is checked: step_c.py vouches for them.

   A matrix is cut into blocks of BLOCK rows, and each block is stored column by column, so that the
   sums of a block stay in registers while the columns pass:

       row 0 … 63   [ 64 numbers of column 0 | 64 of column 1 | … ]
       row 64 … 127 [ … ]

   Rows are filled up with zeros. Of states, gates and logits, a row is a stream. Sizes: B streams,
   T characters, H hidden, G = gates × H, V vocabulary, X = G + V (both filled up), E embedding, R
   embeddings, N lengths of n-grams, K = N - 1 characters before. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 64
#define GROUP 48       /* streams that take a step together, so that their gates stay in a cache */
#define SIDE_BY_SIDE 6 /* streams that are multiplied at once */
#define BITS 21        /* of an id in the key of an n-gram: see ngrams.py */
#define LN2 0.69314718055994531

#define INLINE static inline __attribute__((always_inline))

enum cell { RNN, GRU, LSTM, CIFG };

/* The order of the fields is that of `Network` in step_c.py. */
typedef struct {
    int32_t cell, hidden, num_layers, vocab, num_lengths, embedding_size, num_gate_rows, num_rows;
    const float *const *weight_hh, *const *weight_ih; /* of each layer; there is no ih of layer 0 */
    const float *const *bias_ih, *const *bias_hh;     /* bias_ih of layer 0: X, with the head's */
    const float *head;                                /* V × H */
    const float *const *from_input;                   /* for each length of n-grams: X × E */
    const float *embedding;                           /* R × E */
    const int64_t *first_row;                         /* in the embeddings, of each length */
    const int64_t *const *ngram_keys;                 /* of each length from 2, sorted */
    const int64_t *num_keys;
    int32_t *kept_at; /* R: where the products of a row are kept, or -1 */
    float *kept;      /* num_kept_at_most × X, zeros at first */
    int64_t *num_kept, num_kept_at_most;
} network;

typedef struct {
    float *const *h, *const *c;            /* of each layer: B × H */
    int64_t *before;                       /* B × K: the last characters, newest last; or -1 */
    float *logits;                         /* B × V, of the next character */
    float *products, *gates;               /* room for GROUP × X and GROUP × G */
    int64_t *ids;                          /* T × B: what is read, and before that drawn … */
    const double *temperatures, *uniforms; /* … by T × B of these, unless they are NULL */
    int64_t num, num_steps, unknown_id;    /* B; T; -1, or an id that is never drawn */
} streams;

/* y += W x of STREAMS streams, for LANES × VECTORS rows of a block. The last bits are the same for
   all of these sizes. */
#define MULTIPLY(NAME, LANES, VECTORS, STREAMS)                                                    \
    INLINE void NAME(float *y, int y_size, const float *w, const float *x, int x_size) {           \
        typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));        \
        lanes sum[STREAMS][VECTORS] = {{{0}}};                                                     \
        for (int j = 0; j < x_size; j++, w += BLOCK)                                               \
            for (int b = 0; b < STREAMS; b++)                                                      \
                for (int k = 0; k < VECTORS; k++)                                                  \
                    sum[b][k] += *(const lanes *)(w + k * LANES) * x[b * x_size + j];              \
        for (int b = 0; b < STREAMS; b++)                                                          \
            for (int k = 0; k < VECTORS; k++)                                                      \
                *(lanes *)(y + b * y_size + k * LANES) += sum[b][k];                               \
    }

/* On x86 all is compiled for AVX2 and for AVX-512, too, and the processor takes what it can. (GCC's
   target_clones would ask for Intel's.) */
#if defined(__x86_64__)
#define TARGET(features) __attribute__((target(features)))
#define HAS(feature) __builtin_cpu_supports(feature)
MULTIPLY(multiply_one, 8, 8, 1)
MULTIPLY(multiply_some, 8, 2, SIDE_BY_SIDE)
MULTIPLY(multiply_some_wide, 16, 4, SIDE_BY_SIDE)
#else
#define TARGET(features)
#define HAS(feature) 0
MULTIPLY(multiply_one, 4, 16, 1)
MULTIPLY(multiply_some, 4, 4, SIDE_BY_SIDE)
#define multiply_some_wide multiply_some
#endif
#define HAS_AVX512 (HAS("avx512f") && HAS("avx512vl"))

/* y += W x of each stream; `rows` of W are meant. */
INLINE void multiply(
    float *y, int y_size, const float *w, const float *x, int x_size, int rows, int num) {
    for (int r = 0; r < rows; r += BLOCK, y += BLOCK, w += BLOCK * x_size) {
        int b = 0;
        for (; b + SIDE_BY_SIDE <= num; b += SIDE_BY_SIDE)
            if (HAS_AVX512)
                multiply_some_wide(y + b * y_size, y_size, w, x + b * x_size, x_size);
            else
                for (int k = 0; k < BLOCK; k += 16)
                    multiply_some(y + b * y_size + k, y_size, w + k, x + b * x_size, x_size);
        for (; b < num; b++)
            multiply_one(y + b * y_size, y_size, w, x + b * x_size, x_size);
    }
}

/* 2^t = 2^(k + f) with k whole and |f| ≤ 1/2; 2^f by a polynomial that is off by less than 1e-8.
   What is below 2^-126 is 0. */
INLINE float power_of_2(float t) {
    float bounded = t > 126 ? 126 : t < -126 ? -126 : t;
    float k = (bounded + 12582912.0f) - 12582912.0f; /* 1.5 · 2^23: rounds to a whole number */
    float f = bounded - k;
    float p = (1.54531629e-4f * f + 1.33908634e-3f) * f + 9.61808256e-3f;
    p = ((p * f + 5.55035711e-2f) * f + 2.40226508e-1f) * f + 6.93147188e-1f;
    p = p * f + 1.0f;
    int32_t bits;
    memcpy(&bits, &p, 4);
    bits += (int32_t)k * (1 << 23);
    memcpy(&p, &bits, 4);
    return t < -126 ? 0 : p;
}

/* tanh x = 1 - 2 / (e^2x + 1) */
INLINE void tanh_all(float *x, int size) {
    for (int i = 0; i < size; i++)
        x[i] = 1.0f - 2.0f / (power_of_2(x[i] * (float)(2 / LN2)) + 1.0f);
}

/* The next state of one stream: `gates` are the products of the state, `from_input` those of the
   input, biases included. The equations are those of charrnn/cells, the sigmoid gates first. */
INLINE void advance(int cell, int H, float *h, float *c, float *gates, const float *from_input) {
    const int num_sigmoid = cell == LSTM ? 3 : cell == RNN ? 0 : 2; /* i, f, o; f, o; r, z */
    const int num_sums = cell == GRU ? 2 * H : (num_sigmoid + 1) * H;
    for (int i = 0; i < num_sums; i++)
        gates[i] += from_input[i];
    tanh_all(gates, num_sums);
    for (int i = 0; i < num_sigmoid * H; i++)
        gates[i] = 0.5f * gates[i] + 0.5f;
    const float *forget = gates + (num_sigmoid - 2) * H, *out = forget + H;
    float *last = gates + num_sigmoid * H;
    if (cell == RNN) {
        memcpy(h, gates, H * sizeof(float));
        return;
    }
    if (cell == GRU) {
        for (int i = 0; i < H; i++)
            last[i] = last[i] * gates[i] + from_input[2 * H + i];
        tanh_all(last, H);
        for (int i = 0; i < H; i++)
            h[i] = (h[i] - last[i]) * out[i] + last[i];
        return;
    }
    for (int i = 0; i < H; i++)
        h[i] = c[i] = cell == LSTM ? c[i] * forget[i] + last[i] * gates[i]
                                   : (c[i] - last[i]) * forget[i] + last[i];
    tanh_all(h, H);
    for (int i = 0; i < H; i++)
        h[i] *= out[i];
}

/* 1 + where a key is in a sorted array that ends with a larger one, or 0. */
INLINE int64_t find(const int64_t *keys, int64_t size, int64_t key) {
    const int64_t *first = keys;
    for (int64_t half; (half = size / 2) > 0; size -= half)
        first += first[half - 1] < key ? half : 0;
    return *first == key ? first - keys + 1 : 0;
}

/* products += W e of an embedding. It is kept for the rows that were met first; where two threads
   meet one at once, each keeps it. */
INLINE void add_kept(const network *net, float *products, int length, int64_t row) {
    const int X = net->num_rows, E = net->embedding_size;
    const float *w = net->from_input[length], *e = net->embedding + row * E;
    int64_t at = __atomic_load_n(&net->kept_at[row], __ATOMIC_ACQUIRE);
    if (at < 0) {
        at = __atomic_fetch_add(net->num_kept, 1, __ATOMIC_RELAXED);
        if (at >= net->num_kept_at_most) {
            multiply(products, X, w, e, E, X, 1);
            return;
        }
        multiply(net->kept + at * X, X, w, e, E, X, 1);
        __atomic_store_n(&net->kept_at[row], (int32_t)at, __ATOMIC_RELEASE);
    }
    for (int i = 0; i < X; i++)
        products[i] += net->kept[at * X + i];
}

/* products += what characters, and the n-grams that end with them, add to the gates of the first
   layer and to the logits. */
INLINE void look_up(const network *net, const streams *s, const int64_t *ids, int b, int num) {
    const int X = net->num_rows, K = net->num_lengths - 1;
    int64_t own[GROUP]; /* the row of each stream among those of a length; 0: it has none */
    for (int k = 0; k <= K; k++)
        for (int i = 0; i < num; i++) {
            int64_t earlier = k ? s->before[(b + i) * K + K - k] : -1;
            int64_t key = earlier < 0 ? -1 : own[i] << BITS | earlier;
            own[i] = k ? find(net->ngram_keys[k - 1], net->num_keys[k - 1], key) : ids[b + i];
            add_kept(net, s->products + i * X, k, net->first_row[k] + own[i]);
        }
    for (int i = b; i < b + num && K; i++) {
        memmove(s->before + i * K, s->before + i * K + 1, (K - 1) * sizeof(int64_t));
        s->before[i * K + K - 1] = ids[i];
    }
}

/* Read a character on each of `num` streams from stream `b` on. */
INLINE void step(const network *net, const streams *s, const int64_t *ids, int b, int num) {
    const int H = net->hidden, G = net->num_gate_rows, X = net->num_rows, V = X - G;
    const float *below = NULL;
    for (int k = 0; k < net->num_layers; k++) {
        float *h = s->h[k] + b * H, *c = s->c[k] + b * H;
        for (int i = 0; i < num; i++) {
            memcpy(s->gates + i * G, net->bias_hh[k], G * sizeof(float));
            memcpy(s->products + i * X, net->bias_ih[k], (k ? G : X) * sizeof(float));
        }
        if (k == 0)
            look_up(net, s, ids, b, num);
        else
            multiply(s->products, X, net->weight_ih[k], below, H, G, num);
        multiply(s->gates, G, net->weight_hh[k], h, H, G, num);
        for (int i = 0; i < num; i++)
            advance(net->cell, H, h + i * H, c + i * H, s->gates + i * G, s->products + i * X);
        below = h;
    }
    multiply(s->products + G, X, net->head, below, H, V, num);
    for (int i = 0; i < num; i++)
        memcpy(s->logits + (b + i) * V, s->products + i * X + G, V * sizeof(float));
}

/* The inverse of the cumulative distribution, as in sampler.choose. The logits are used up. */
INLINE int64_t drawn(float *logits, int vocab, double temperature, double uniform) {
    double sum = 0, reached = 0;
    float largest = -INFINITY;
    for (int v = 0; v < vocab; v++)
        largest = logits[v] > largest ? logits[v] : largest;
    for (int v = 0; v < vocab; v++)
        logits[v] = power_of_2((float)(((double)logits[v] - largest) / (temperature * LN2)));
    for (int v = 0; v < vocab; v++)
        sum += logits[v];
    for (int v = 0; v + 1 < vocab; v++)
        if ((reached += logits[v]) > uniform * sum)
            return v;
    return vocab - 1;
}

INLINE void run(const network *net, const streams *s) {
    const int64_t V = net->num_rows - net->num_gate_rows, B = s->num;
    for (int64_t t = 0; t < s->num_steps * B; t += B) {
        for (int64_t b = 0; b < B && s->uniforms; b++) {
            float *logits = s->logits + b * V;
            if (s->unknown_id >= 0)
                logits[s->unknown_id] = -INFINITY;
            s->ids[t + b] = drawn(logits, net->vocab, s->temperatures[t + b], s->uniforms[t + b]);
        }
        for (int64_t b = 0; b < B; b += GROUP)
            step(net, s, s->ids + t, b, B - b < GROUP ? B - b : GROUP);
    }
}

TARGET("avx2,fma")
static void run_with_avx2(const network *net, const streams *s) { run(net, s); }
TARGET("avx512f,avx512vl")
static void run_with_avx512(const network *net, const streams *s) { run(net, s); }

/* Whoever changes what it takes gives it another name: step_c.py may find an older library. */
void run_streams(const network *net, const streams *s) {
    (HAS_AVX512 ? run_with_avx512 : HAS("avx2") && HAS("fma") ? run_with_avx2 : run)(net, s);
}
