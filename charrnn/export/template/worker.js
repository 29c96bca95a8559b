// The worker: it has the network and speaks, so that the page never waits. It is asked by messages.
//
//   from the page   load {facts, arrays} · write {…what the form has} · goOn {…} · stop {}
//   to the page     ready {} · unknown {symbols, became} · read {symbols} · written {pieces}
//                   ended {isStopped} · failed {message}
//
// Each has the number of a job, so that what comes too late is not taken for something newer.

const SLICE_MS = 25; // of work, before a message from the page is looked for

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

const ANSWERS = {
  load({ facts, arrays }) {
    speaker = SPEAKERS[facts.task](facts, JSON.parse(arrays));
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
