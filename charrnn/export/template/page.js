// The page: a form, and a worker that answers it.

const $ = (id) => document.getElementById(id);
const facts = JSON.parse($("facts").textContent);
const written = new Written($("written"), new Card($("card"), new Vocabulary(facts.vocabs[facts.written])));

let job = 0;
let lastSeed = null;
let began = 0;

/** Start the worker, whose source is in this page. */
function started() {
  const source = URL.createObjectURL(new Blob([$("worker").textContent], { type: "text/javascript" }));
  const policy = globalThis.trustedTypes?.createPolicy("worker", { createScriptURL: () => source });
  const worker = new Worker(policy ? policy.createScriptURL("") : source);
  worker.onmessage = ({ data }) => data.job === job && ANSWERS[data.type](data);
  worker.onerror = (event) => say(`The page failed: ${event.message}`);
  return worker;
}

const say = (sentence) => ($("status").textContent = sentence);
const counted = (count, thing) => `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;

function ask(type, request = {}) {
  worker.postMessage({ type, job, ...request });
}

/** Show the buttons that do something now. */
function offer({ isBusy }) {
  const hasFocus = document.activeElement;
  $("write").disabled = false;
  $("stop").hidden = !isBusy;
  $("copy").hidden = !written.pieces.size;
  $("go-on").hidden = isBusy || !written.pieces.size || !facts.goes_on;
  if (hasFocus.hidden) $("write").focus();
}

const randomSeed = () => String(crypto.getRandomValues(new Uint32Array(1))[0]);
const temperature = () => Number($("temperature").value);

/** Tell how much was written, and how to have it again. */
function summary() {
  const seconds = (performance.now() - began) / 1000;
  const number = facts.counts === "record" ? written.numRecords : written.pieces.size;
  return `${counted(number, facts.counts)} in ${seconds.toFixed(1)} s with the seed ${lastSeed}.`;
}

const ANSWERS = {
  ready() {
    say("");
    offer({ isBusy: false });
  },
  read({ unknown }) {
    if (!unknown.length) return;
    say(`Left out of the beginning, since the model never saw it: ${unknown.map(named).join(" ")}`);
  },
  written({ pieces }) {
    written.add(pieces);
    $("copy").hidden = false;
    $("how").hidden = false;
  },
  ended({ isStopped }) {
    const before = $("status").textContent.startsWith("Left out") ? `${$("status").textContent}. ` : "";
    say(before + (isStopped ? "Stopped: " : "") + summary());
    offer({ isBusy: false });
  },
  failed({ message }) {
    say(`That did not work: ${message}.`);
    offer({ isBusy: false });
  },
};

/** Begin a job: a new text, or more of this one. */
function begin(type, request) {
  job++;
  began = performance.now();
  say("Writing …");
  offer({ isBusy: true });
  ask(type, { temperature: temperature(), length: Number($("length").value), ...request });
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  lastSeed = $("seed").value.trim() || randomSeed();
  written.clear();
  begin("write", { prompt: $("prompt").value, seed: lastSeed });
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

$("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("form").requestSubmit();
});

$("temperature").addEventListener("input", showTemperature);

function showTemperature() {
  $("temperature-shown").textContent = temperature().toFixed(2);
}

/** Put in what is known of the voice. */
function introduce() {
  document.title = $("name").textContent = visible(facts.name);
  $("about").textContent = facts.about;
  $("length-label").textContent = facts.counts === "character" ? "Characters" : "Records";
  $("length").value = facts.length;
  for (const [label, value] of facts.details) $("details").append(made("dt", "", label), made("dd", "", visible(value)));
  showTemperature();
}

introduce();
const worker = started();
ask("load", { facts, arrays: $("arrays").textContent });
