// The page: a form, and a worker that answers it.

const $ = (id) => document.getElementById(id);
const facts = JSON.parse($("facts").textContent);
const { form } = facts;
const card = new Card($("card"), new Vocabulary(facts.vocabs[facts.written]));
const source = new Source($("source"), $("picture"));
const written = new Written($("written"), card, source);

let job = 0;
let seed = null; // of what is written
let unread = ""; // a sentence about symbols that the model does not know

/** Start the worker, whose source is in this page. */
function started() {
  const program = URL.createObjectURL(new Blob([$("worker").textContent], { type: "text/javascript" }));
  const policy = globalThis.trustedTypes?.createPolicy("worker", { createScriptURL: () => program });
  const worker = new Worker(policy ? policy.createScriptURL("") : program);
  worker.onmessage = ({ data }) => data.job === job && ANSWERS[data.type](data);
  worker.onerror = (event) => say(`The page failed: ${event.message}`);
  return worker;
}

const say = (sentence) => ($("status").textContent = sentence);
const counted = (count, thing) => `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;
const randomSeed = () => String(crypto.getRandomValues(new Uint32Array(1))[0]);
const temperature = () => Number($("temperature").value);

function ask(type, request = {}) {
  worker.postMessage({ type, job, ...request });
}

/** Show the buttons that do something now. */
function offer({ isBusy }) {
  const focused = document.activeElement;
  $("write").disabled = false;
  $("stop").hidden = !isBusy;
  $("copy").hidden = !written.pieces.size;
  $("go-on").hidden = isBusy || !written.pieces.size || !facts.goes_on;
  if (focused.hidden) $("write").focus();
}

/** Tell how much was written, and how to have it again. */
function summary() {
  if (form.ranks) return "";
  const number = form.counts === "symbol" ? written.draws().length : written.numRecords || written.pieces.size;
  const again = form.temperature === null || temperature() === 0 ? "" : ` with the seed ${seed}`;
  return `${counted(number, form.counts)}${again}.`;
}

const ANSWERS = {
  ready() {
    say("");
    offer({ isBusy: false });
  },
  unknown({ symbols, became }) {
    if (symbols.length) unread = `The model never saw ${symbols.map(named).join(" ")}: ${became}. `;
  },
  read({ symbols }) {
    if (form.shows_source) source.set(symbols);
  },
  written({ pieces }) {
    if (form.ranks) return rank(pieces);
    written.add(pieces);
    $("copy").hidden = false;
    $("how").hidden = false;
  },
  ended({ isStopped }) {
    say(`${unread}${isStopped ? "Stopped: " : ""}${summary()}`);
    if (form.shows_source) source.draw(written.draws(), (id) => card.vocabulary.nameOf(id));
    offer({ isBusy: false });
  },
  failed({ message }) {
    say(`That did not work: ${message}.`);
    offer({ isBusy: false });
  },
};

/** Show what a label was chosen from. */
function rank([{ draws }]) {
  $("picture").replaceChildren(...draws.flatMap((draw) => [...card.distribution(draw)]));
}

/** Begin a job: a new text, or more of this one. */
function begin(type, request) {
  job++;
  unread = "";
  say("At work …");
  offer({ isBusy: true });
  ask(type, { temperature: temperature(), length: Number($("length").value), ...request });
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  seed = $("seed").value.trim() || randomSeed();
  written.clear();
  source.set([]);
  begin("write", { prompt: $("prompt").value, seed });
});

$("go-on").addEventListener("click", () => $("form").reportValidity() && begin("goOn", {}));

$("stop").addEventListener("click", () => ask("stop"));

$("copy").addEventListener("click", async () => {
  say((await copied(written.text())) ? "Copied." : "This browser does not let a page copy; select the text instead.");
});

/** Copy a text; return whether that worked. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = made("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const isDone = document.execCommand("copy");
    area.remove();
    return isDone;
  }
}

$("temperature").addEventListener("input", showTemperature);

function showTemperature() {
  const most = temperature() === 0 ? ": always the likeliest" : "";
  $("temperature-shown").textContent = temperature().toFixed(2) + most;
}

/** Replace the text that is typed by a choice, where there are few that mean anything. */
function offerChoices() {
  const choice = made("select");
  choice.id = "prompt";
  choice.append(...form.choices.map((each) => new Option(visible(each), each)));
  $("prompt").replaceWith(choice);
}

/** Fit the form to what the voice does, and put in what is known of it. */
function introduce() {
  document.title = $("name").textContent = visible(facts.name);
  $("about").textContent = facts.about;
  $("prompt-label").textContent = form.prompt;
  if (form.choices) offerChoices();
  $("write").textContent = form.verb;
  const shown = { length: form.length, temperature: form.temperature, seed: form.temperature };
  for (const [id, value] of Object.entries(shown)) {
    $(id).closest("label").hidden = $(id).disabled = value === null;
  }
  $("length").value = form.length;
  $("length-label").textContent = form.length_label;
  $("temperature").value = form.temperature;
  for (const [label, value] of facts.details) $("details").append(made("dt", "", label), made("dd", "", visible(value)));
  showTemperature();
  $("prompt").addEventListener("keydown", (event) => {
    const isAsked = event.ctrlKey || event.metaKey || (!form.has_lines && !event.shiftKey);
    if (event.key !== "Enter" || !isAsked || !$("form").reportValidity()) return;
    event.preventDefault();
    $("form").requestSubmit();
  });
}

introduce();
const worker = started();
ask("load", { facts, arrays: $("arrays").textContent });
