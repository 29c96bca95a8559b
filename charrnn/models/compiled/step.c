/* One stream of a language model, as in step_numpy.py: n characters are drawn and read in one call.

   step_c.py lays the weights out and calls `take_step` and `draw_characters` by ctypes. What is
   computed is what numpy computes, but for rounding: sums are added in another order, and tanh is
   exact to 2e-7. Nothing is allocated here, and no index is checked: step_c.py vouches for them.

   A matrix is cut into blocks of BLOCK rows, and each block is stored column by column, so that the
   sums of a block stay in registers while the columns pass:

       row 0 … 63   [ 64 numbers of column 0 | 64 of column 1 | … ]
       row 64 … 127 [ … ]

   Rows are filled up with zeros. Sizes: H hidden, G = gates × H, V vocabulary, X = G + V (both
   filled up), E embedding, N lengths of n-grams. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 64
#define LANES 8
#define BITS 21 /* of an id in the key of an n-gram: see ngrams.py */

#if defined(_WIN32)
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC
#endif

/* On x86 the whole step is compiled twice, and a processor that can multiply and add eight numbers
   at once takes the second. (GCC's target_clones would ask for Intel's.) */
#if defined(__x86_64__)
#define WITH_AVX2 __attribute__((target("avx2,fma")))
#define HAS_AVX2 (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define WITH_AVX2
#define HAS_AVX2 0
#endif
#define INLINE static inline __attribute__((always_inline))

typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

enum cell { RNN, GRU, LSTM, CIFG };

/* The order of the fields is that of `Network` in step_c.py. */
typedef struct {
    int32_t cell, hidden, num_layers, vocab, num_lengths, embedding_size, num_gate_rows, num_rows;
    int32_t num_kept_at_most;
    const float *const *weight_hh, *const *weight_ih; /* of each layer; there is no ih of layer 0 */
    const float *const *bias_ih, *const *bias_hh;     /* bias_ih of layer 0 is in bias_input */
    const float *head;                                /* V × H */
    const float *const *from_input;                   /* for each length of n-grams: X × E */
    const float *bias_input;                          /* X */
    const float *embedding;                           /* R × E */
    const int64_t *const *ngram_keys;                 /* for each length from 2, sorted */
    const int64_t *num_keys;
    int32_t *kept_at; /* R: where the products of a row are kept, or -1 */
    float *kept;      /* num_kept_at_most × X */
    int32_t *num_kept;
} network;

typedef struct {
    float *const *h, *const *c; /* of each layer */
    int64_t *before;            /* the last N - 1 ids, the newest last; -1 where there is none */
    float *products, *gates;    /* room for X and G numbers */
} stream;

typedef struct {
    float *logits;                        /* of the first character; then of the next one */
    const double *temperatures, *uniforms; /* of each character */
    int64_t *ids;                         /* what is drawn */
    double *reached;                      /* room for the numbers of the vocabulary */
    int64_t num, unknown_id;              /* -1, or an id that is never drawn */
} draws;

/* y += W x */
INLINE void multiply(float *y, const float *w, const float *x, int rows, int columns)
{
    for (int r = 0; r < rows; r += BLOCK) {
        lanes sum[BLOCK / LANES];
        for (int k = 0; k < BLOCK / LANES; k++)
            sum[k] = *(const lanes *)(y + r + k * LANES);
        for (int j = 0; j < columns; j++, w += BLOCK)
            for (int k = 0; k < BLOCK / LANES; k++)
                sum[k] += *(const lanes *)(w + k * LANES) * x[j];
        for (int k = 0; k < BLOCK / LANES; k++)
            *(lanes *)(y + r + k * LANES) = sum[k];
    }
}

/* tanh x = 1 - 2 / (e^2x + 1). e^2x = 2^(k + f) with k whole and |f| ≤ 1/2; 2^f by the first terms
   of its series, whose rest is below 2e-8. */
INLINE void tanh_all(float *x, int size)
{
    for (int i = 0; i < size; i++) {
        float t = x[i] * 2.885390082f; /* 2 / ln 2 */
        t = t < -28 ? -28 : t > 28 ? 28 : t;
        float k = (t + 12582912.0f) - 12582912.0f; /* 1.5 · 2^23: rounds to a whole number */
        float f = t - k;
        float p = 1.54035304e-4f;
        p = p * f + 1.33335581e-3f;
        p = p * f + 9.61812911e-3f;
        p = p * f + 5.55041087e-2f;
        p = p * f + 2.40226507e-1f;
        p = p * f + 6.93147181e-1f;
        p = p * f + 1.0f;
        int32_t bits;
        memcpy(&bits, &p, 4);
        bits += (int32_t)k * (1 << 23);
        memcpy(&p, &bits, 4);
        x[i] = 1.0f - 2.0f / (p + 1.0f);
    }
}

INLINE void sigmoid_of_tanh(float *x, int size)
{
    for (int i = 0; i < size; i++)
        x[i] = 0.5f * x[i] + 0.5f;
}

/* The next state of a layer; from_input holds the products with its input, biases included. The
   equations are those of charrnn/cells; the sigmoid gates come first. */
INLINE void advance(const network *net, int k, const stream *s, const float *from_input)
{
    const int H = net->hidden, G = net->num_gate_rows;
    float *h = s->h[k], *c = s->c[k], *gates = s->gates;
    if (net->cell == GRU) {
        float *r = gates, *z = gates + H, *n = gates + 2 * H;
        memcpy(gates, net->bias_hh[k], G * sizeof(float));
        multiply(gates, net->weight_hh[k], h, G, H);
        for (int i = 0; i < 2 * H; i++)
            gates[i] += from_input[i];
        tanh_all(gates, 2 * H);
        sigmoid_of_tanh(gates, 2 * H);
        for (int i = 0; i < H; i++)
            n[i] = n[i] * r[i] + from_input[2 * H + i];
        tanh_all(n, H);
        for (int i = 0; i < H; i++)
            h[i] = (h[i] - n[i]) * z[i] + n[i];
        return;
    }
    memcpy(gates, from_input, G * sizeof(float));
    multiply(gates, net->weight_hh[k], h, G, H);
    tanh_all(gates, G);
    if (net->cell == RNN) {
        memcpy(h, gates, H * sizeof(float));
        return;
    }
    const int num_sigmoid = net->cell == LSTM ? 3 : 2; /* i, f, o, g of an LSTM; f, o, g of a CIFG */
    const float *forget = gates + (num_sigmoid - 2) * H, *out = forget + H, *g = out + H;
    sigmoid_of_tanh(gates, num_sigmoid * H);
    if (net->cell == LSTM)
        for (int i = 0; i < H; i++)
            h[i] = c[i] = c[i] * forget[i] + g[i] * gates[i];
    else
        for (int i = 0; i < H; i++)
            h[i] = c[i] = (c[i] - g[i]) * forget[i] + g[i];
    tanh_all(h, H);
    for (int i = 0; i < H; i++)
        h[i] *= out[i];
}

/* Where a key is in a sorted array, or -1. */
INLINE int64_t find(const int64_t *keys, int64_t size, int64_t key)
{
    int64_t low = 0, high = size;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < size && keys[low] == key ? low : -1;
}

/* products += what an embedding adds to the first layer's gates and to the logits; kept for the
   rows that were met first. */
INLINE void add_products(const network *net, float *products, int length, int64_t row)
{
    const int X = net->num_rows, E = net->embedding_size;
    const float *embedding = net->embedding + row * E;
    if (net->kept_at[row] < 0) {
        if (*net->num_kept == net->num_kept_at_most) {
            multiply(products, net->from_input[length], embedding, X, E);
            return;
        }
        net->kept_at[row] = (*net->num_kept)++;
        float *kept = net->kept + (int64_t)net->kept_at[row] * X;
        memset(kept, 0, X * sizeof(float));
        multiply(kept, net->from_input[length], embedding, X, E);
    }
    const float *kept = net->kept + (int64_t)net->kept_at[row] * X;
    for (int i = 0; i < X; i++)
        products[i] += kept[i];
}

/* Read a character and the n-grams that end with it: products is what they add to both ends. */
INLINE void look_up(const network *net, const stream *s, int64_t id)
{
    const int num_before = net->num_lengths - 1;
    int64_t start = 0, own = id;
    memcpy(s->products, net->bias_input, net->num_rows * sizeof(float));
    for (int k = 0; k < num_before; k++) {
        int64_t earlier = s->before[num_before - 1 - k];
        int64_t key = earlier < 0 ? -1 : (own << BITS) | earlier;
        int64_t place = find(net->ngram_keys[k], net->num_keys[k], key);
        own = place + 1; /* 0: it has no row of its own */
        add_products(net, s->products, k + 1, start + own);
        start += net->num_keys[k];
    }
    add_products(net, s->products, 0, start + id);
    for (int k = 0; k + 1 < num_before; k++)
        s->before[k] = s->before[k + 1];
    if (num_before)
        s->before[num_before - 1] = id;
}

INLINE void step(const network *net, const stream *s, int64_t id, float *logits)
{
    const int H = net->hidden, G = net->num_gate_rows, L = net->num_layers;
    look_up(net, s, id);
    advance(net, 0, s, s->products);
    memcpy(logits, s->products + G, (net->num_rows - G) * sizeof(float));
    for (int k = 1; k < L; k++) {
        memcpy(s->products, net->bias_ih[k], G * sizeof(float));
        multiply(s->products, net->weight_ih[k], s->h[k - 1], G, H);
        advance(net, k, s, s->products);
    }
    multiply(logits, net->head, s->h[L - 1], net->num_rows - G, H);
}

/* The inverse of the cumulative distribution, as in sampler.choose. */
INLINE int64_t drawn(const network *net, const draws *d, int64_t t)
{
    double sum = 0;
    float largest = -INFINITY;
    int64_t v;
    for (v = 0; v < net->vocab; v++)
        if (v != d->unknown_id && d->logits[v] > largest)
            largest = d->logits[v];
    for (v = 0; v < net->vocab; v++) {
        if (v != d->unknown_id)
            sum += exp(((double)d->logits[v] - (double)largest) / d->temperatures[t]);
        d->reached[v] = sum;
    }
    for (v = 0; v + 1 < net->vocab && d->reached[v] <= d->uniforms[t] * sum; v++)
        ;
    return v;
}

/* Draw characters, from the logits on, and read each. */
INLINE void draw_all(const network *net, const stream *s, const draws *d)
{
    for (int64_t t = 0; t < d->num; t++) {
        d->ids[t] = drawn(net, d, t);
        step(net, s, d->ids[t], d->logits);
    }
}

WITH_AVX2 static void step_with_avx2(const network *net, const stream *s, int64_t id, float *logits)
{
    step(net, s, id, logits);
}

WITH_AVX2 static void draw_with_avx2(const network *net, const stream *s, const draws *d)
{
    draw_all(net, s, d);
}

/* Read one character; logits has room for V numbers. */
PUBLIC void take_step(const network *net, const stream *s, int64_t id, float *logits)
{
    if (HAS_AVX2)
        step_with_avx2(net, s, id, logits);
    else
        step(net, s, id, logits);
}

PUBLIC void draw_characters(const network *net, const stream *s, const draws *d)
{
    if (HAS_AVX2)
        draw_with_avx2(net, s, d);
    else
        draw_all(net, s, d);
}
