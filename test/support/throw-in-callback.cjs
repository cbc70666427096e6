/**
 * Lets one callback of this project, or one start of kubectl, fail, for tests: it is loaded before the program (`node -r`).
 *
 *     CALLBACKS=FILE  appends a line to FILE for each call of a callback: where it was handed over, and its how many-th call it is
 *     THROW_AT=LINE   the call of that line throws
 *
 * Callbacks are listeners of events, timers, listeners of signals to abort, and what writes to the terminal.
 */
const childProcess = require('node:child_process');
const { appendFileSync } = require('node:fs');
const { EventEmitter } = require('node:events');

const { CALLBACKS, THROW_AT } = process.env;
const OWN = /\/((?:cluster|cli)\/[^:)]+:\d+:\d+)/;
const calls = new Map();

function called(place) {
  const count = (calls.get(place) ?? 0) + 1;
  calls.set(place, count);
  const line = `${place} #${count}`;
  if (CALLBACKS) appendFileSync(CALLBACKS, `${line}\n`);
  if (line === THROW_AT) throw new Error(`thrown at ${line}`);
}

/** The place in this project that calls a function of Node.js, if it calls that itself. */
function caller(what) {
  const frames = new Error().stack.split('\n').slice(3);
  // A stream's own `on` calls that of every emitter.
  const [frame = ''] = frames.filter((each) => !/ at (\w+\.)?(Readable|Socket)\.(on|once|addListener) /.test(each));
  const [, place] = OWN.exec(frame) ?? [];
  return place && `${what} ${place}`;
}

function wrap(target, name, at) {
  const real = target[name];
  target[name] = function (...args) {
    const place = caller(name);
    const callback = args[at];
    if (place && typeof callback === 'function') {
      args[at] = function (...values) {
        called(place);
        return callback.apply(this, values);
      };
    }
    return real.apply(this, args);
  };
}

for (const name of ['on', 'once', 'addListener']) wrap(EventEmitter.prototype, name, 1);
wrap(EventTarget.prototype, 'addEventListener', 1);
wrap(globalThis, 'setTimeout', 0);
const { spawn } = childProcess;
childProcess.spawn = (...args) => {
  called('spawn');
  return spawn(...args);
};
for (const [name, stream] of [
  ['stdout', process.stdout],
  ['stderr', process.stderr],
]) {
  const write = stream.write;
  stream.write = (...args) => {
    called(name);
    return write.apply(stream, args);
  };
}
